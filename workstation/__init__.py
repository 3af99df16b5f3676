"""The program that a clinic runs: the only package that chooses parts and assembles them."""
