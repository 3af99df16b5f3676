"""From what an instrument sent to newtons, or to the reason why it is none; no wire, no clock."""
