"""Edits: build, match, rebase, show as diffs."""
