"""The simulated unit: its firmware from sensing to the register image."""
