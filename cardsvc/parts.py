"""The parts a running service is made of."""
