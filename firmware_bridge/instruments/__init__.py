"""Instruments that measure a force: profile, talker and the state of the connection."""
