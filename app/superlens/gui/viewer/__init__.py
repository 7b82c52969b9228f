"""Linked image panes in micrometres."""
