"""What a profile file may say, one module for each kind; data and its checks, no wire."""
