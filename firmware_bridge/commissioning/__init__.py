"""Commissioning: who is at an address, and whether its force is true. Nothing here ever writes."""
