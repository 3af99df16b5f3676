"""A whole visit at the terminal, step by step, and the lists of a day."""
