"""Completion while typing: prompts at the cursor and the reading of suggestions."""
