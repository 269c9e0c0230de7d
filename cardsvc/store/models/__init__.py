"""Tables by subject; relationships go one way across files."""
