"""One editor window: session, applying, proposing, showing, status."""
