"""The charge line, its context and what the rules say of it."""
