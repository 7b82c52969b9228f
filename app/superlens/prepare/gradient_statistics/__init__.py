"""Gradient statistics of pictures: how natural they are, and targets brought nearer to the prior.

NumPy alone: no files, no Qt, no torch.
"""
