"""What stays the same from visit to visit: clinic, people, units, presets, patients."""
