"""Who may do what: accounts, their PINs, and what is signed in."""
