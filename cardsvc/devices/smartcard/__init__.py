"""Social-security cards (LD/T 32) over PC/SC."""
