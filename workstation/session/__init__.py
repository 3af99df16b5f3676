"""A session in real time: its parts put together, people's answers, recovery."""
