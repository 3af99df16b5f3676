"""The treatment note: fields, entries, events, delivered dose."""
