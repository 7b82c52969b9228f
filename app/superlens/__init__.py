"""Superlens: computational super-resolution for microscopy labs, with honest uncertainty."""

__version__ = "0.1.0"
