"""Backup, restore, archive, search, retention, quarantine."""
