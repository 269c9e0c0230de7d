"""Simulated hardware at byte level: the drivers under test are the drivers that ship."""
