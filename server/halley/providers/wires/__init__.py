"""One file per wire protocol, and the table of them."""
