"""What is in order on this workstation, what is not, and what was not checked."""
