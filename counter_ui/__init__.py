"""The counter's pages: Flask, one blueprint a role, server-rendered, Chinese first."""
