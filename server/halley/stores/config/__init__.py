"""Configuration and its levels."""
