"""What outlives a session: the evidence, people's words, the note and the charge line."""
