"""The workstation's key, its records, and the time stamps of authorities."""
