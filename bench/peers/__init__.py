"""What Halley is held against."""
