"""One file for each format; it contains only formatting."""
