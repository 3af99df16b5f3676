"""Paper for a day without the workstation: a downtime sheet and the day's list."""
