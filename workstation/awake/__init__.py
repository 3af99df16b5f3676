"""Keeps the workstation awake while a session is open."""
