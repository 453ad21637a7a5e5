"""What must not leave or take effect: secrets, protected files, invisible characters."""
