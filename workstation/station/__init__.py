"""The station: a process for each unit that outlives every screen, its messages and its stop."""
