"""The prescription and its plan: what is to be pulled, when, and for how long."""
