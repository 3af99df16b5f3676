"""What the readings of a force show without other data: straight pieces, phases, cycles, times."""
