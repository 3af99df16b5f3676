"""Instruments that send text: one request, one whole answer."""
