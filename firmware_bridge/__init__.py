"""Drives traction units described by profiles: registers, frames, ports; nothing clinical."""
