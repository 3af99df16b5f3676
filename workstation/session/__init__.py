"""A session in real time: its parts assembled, people's answers, recovery."""
