"""The partner bank's far end: its own server, its own database, its own truth - and faults on command."""
