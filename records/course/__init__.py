"""What the readings of a force alone show: straight pieces, phases, cycles, times and forces."""
