"""Commissioning: identifies the device at an address and checks its force. Nothing is written."""
