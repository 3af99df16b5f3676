"""The supervisor: small, separate, and able only to narrow what the core wants."""
