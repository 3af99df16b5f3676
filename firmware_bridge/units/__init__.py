"""Traction units: one module for each way to drive them."""
