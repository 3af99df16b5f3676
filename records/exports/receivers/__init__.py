"""Column maps of the charge CSV: one TOML file for each receiver. Users add their own."""
