"""Spots per nucleus: how many foci each nucleus has, and how bright they are."""
