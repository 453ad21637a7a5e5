"""Markdown in and out: fences, safe rendering, citations."""
