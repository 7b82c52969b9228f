"""Specimens with a known truth, and the optics, scanner and camera that image them.

Qt-free and torch-free. Everything is deterministic: a `numpy.random.Generator` is passed, and
nothing is seeded globally.
"""
