"""The counter's pages: Flask, one blueprint a role, server-rendered, Chinese first."""

from counter_ui.app import create_app

__all__ = ["create_app"]
