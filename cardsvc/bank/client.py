"""The partner bank over HTTP."""
