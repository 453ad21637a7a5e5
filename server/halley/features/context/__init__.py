"""The workspace's context for a prompt, and what may be shown."""
