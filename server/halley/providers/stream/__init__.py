"""From bytes of a streamed reply to events."""
