"""What is known of a host: its models, local servers, learned limits."""
