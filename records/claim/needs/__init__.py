"""What each format needs of a claim, stated once: the rules say it and the exports refuse by it."""
