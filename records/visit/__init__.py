"""A session as people see it: its record, order, note, claim and the rules' findings."""
