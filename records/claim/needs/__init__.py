"""What each format needs of a claim, stated once: rules report it and exports refuse by it."""
