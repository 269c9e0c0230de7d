"""The database: tables, the one unit of work, encryption at rest, blobs, read models."""
