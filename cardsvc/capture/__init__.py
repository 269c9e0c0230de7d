"""Photographs: any picture in, the standard portrait (GA 461) or the exact reasons out. Needs no database."""
