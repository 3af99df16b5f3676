"""One file for each format; no logic but the format."""
