"""Decodes what an instrument sent to newtons or a fault; no wire, no clock."""
