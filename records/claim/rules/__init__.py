"""The scrubber: rules as dated data, named predicates, payer profiles, and the tables they read."""
