"""From a model's reply to edits."""
