"""Storage: databases with their schemas, chains, packed samples, private files, locks."""
