"""Claims: 837P, CMS-1500, charge CSV."""
