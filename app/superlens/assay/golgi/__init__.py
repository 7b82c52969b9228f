"""Golgi dispersal: how far the Golgi of each cell has broken up into small stacks."""
