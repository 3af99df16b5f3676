"""The content of a profile file, one module for each kind; data and its checks, no wire."""
