"""The supervisor: small, apart, and able only to narrow what the core wants."""
