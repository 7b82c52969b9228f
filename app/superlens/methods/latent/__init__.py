"""Regularised latent search: a prior of cells, a flow over its styles, and the search."""
