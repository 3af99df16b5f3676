"""The terminal: what is shown on it and what is typed."""
