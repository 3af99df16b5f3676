"""The content of profile files, one module for each kind; data and checks, no wire."""
