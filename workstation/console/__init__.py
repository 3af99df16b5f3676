"""The console: the pages beside the table, served to browsers of this workstation."""
