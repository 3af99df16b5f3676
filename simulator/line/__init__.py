"""The line between a simulated unit and its host, and what disturbs it."""
