"""The evidence of sessions: written, sealed, read, checked, handed out."""
