"""Addresses, serial ports and sockets: bytes to and from a unit."""
