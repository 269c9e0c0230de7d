"""JSON over HTTP, /api/v1: the same services the screens use."""
