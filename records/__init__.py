"""What outlives a session: the evidence, people's entries, the note and the charge line."""
