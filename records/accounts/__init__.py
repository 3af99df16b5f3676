"""Who may do what: accounts, their PINs, and sign-ins."""
