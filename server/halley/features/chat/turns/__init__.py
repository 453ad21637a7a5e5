"""One file per kind of chat turn."""
