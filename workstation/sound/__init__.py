"""Alarm sounds of the workstation: which is due, how they are made, and who plays them."""
