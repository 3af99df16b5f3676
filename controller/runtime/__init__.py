"""The only part of the core that deals with time: the clocks, the loop and the recovery."""
