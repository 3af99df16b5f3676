"""What is asked, measured and judged before a unit is armed."""
