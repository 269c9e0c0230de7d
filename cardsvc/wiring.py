"""Builds the Parts from Settings: the one place that chooses drivers."""
