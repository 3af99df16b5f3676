"""The prescription and its plan: forces, times and durations."""
