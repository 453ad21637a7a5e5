"""From a host's refusal to our errors."""
