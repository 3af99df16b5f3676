"""Modbus frames, exchanges and registers."""
