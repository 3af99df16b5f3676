"""The note as text, page and plot."""
