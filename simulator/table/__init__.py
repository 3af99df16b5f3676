"""The simulated table and the body on it."""
