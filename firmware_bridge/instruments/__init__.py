"""Instruments that tell a force: a profile, a talker of a line and what has been read so far."""
