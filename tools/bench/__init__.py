"""Benchmarks: measured ratios against floors and peers."""
