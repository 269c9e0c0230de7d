"""Use cases in verbs: adapters strung together inside units of work."""
