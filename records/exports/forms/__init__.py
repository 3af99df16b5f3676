"""Paper for the day on which the workstation is dead: a downtime sheet and the day's list."""
