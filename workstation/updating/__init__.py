"""Releases of the program: installed, updated from a file, and gone back from."""
