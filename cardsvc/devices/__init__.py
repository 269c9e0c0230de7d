"""Drivers of readers and printers: a library that knows no database and no web."""
