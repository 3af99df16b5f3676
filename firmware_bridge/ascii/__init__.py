"""Instruments that send text: one request, one complete answer."""
