"""The session machine and its parts: what it wants in each tick, and why it ends."""
