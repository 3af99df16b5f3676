"""The supervisor: small, separate, and able only to narrow the wanted command."""
