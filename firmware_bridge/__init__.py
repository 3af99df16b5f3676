"""Turns a device profile into a traction unit: registers, frames, ports and nothing clinical."""
