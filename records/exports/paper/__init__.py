"""Pages and their PDF."""
