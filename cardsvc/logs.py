"""Structured logs with personal data masked."""
