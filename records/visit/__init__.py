"""A session as people see it: its record, order, note, claim and what the rules say of it."""
