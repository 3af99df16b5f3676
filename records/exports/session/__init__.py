"""The session as JSON, and its schema."""
