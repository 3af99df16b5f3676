"""Documents on letter paper: their fonts, their pages and the PDF of both."""
