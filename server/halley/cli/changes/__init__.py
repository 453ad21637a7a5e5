"""Commands about what git says has changed: `commit.py` writes a message, `review.py` gives findings."""
