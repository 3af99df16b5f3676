"""Releases of the program: how one is installed, taken over from a file, and gone back from."""
