"""Prompts: the context a model sees, templates, conversations."""
