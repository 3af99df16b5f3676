"""The program that a clinic runs: the only place that chooses parts and puts them together."""
