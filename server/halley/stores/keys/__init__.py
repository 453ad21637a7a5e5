"""Keys, each bound to its origin."""
