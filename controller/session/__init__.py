"""The session machine and its parts: what it wants, tick by tick, and why it ends."""
