"""The scrub report as page and JSON."""
