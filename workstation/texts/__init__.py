"""Templates and texts for people."""
