"""The only part of the core that meets time: the clocks, the loop and the recovery."""
