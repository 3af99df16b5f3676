"""The order as a clinician wrote it, and its file."""
