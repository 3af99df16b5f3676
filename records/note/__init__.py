"""The treatment note: fields, words, events, delivered dose."""
