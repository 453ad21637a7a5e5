"""The workspace's files and git."""
