"""Simulated instruments beside a table: a cell on the cord, and how each maker tells its force."""
