"""Files that hold: databases with their schemas, chains, packed samples, private files, locks."""
