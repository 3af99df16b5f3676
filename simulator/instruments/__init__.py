"""Simulated instruments beside a table: a cell on the cord, and each maker's way to report it."""
