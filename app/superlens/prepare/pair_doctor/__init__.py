"""What is wrong with pairs of pictures, pair by pair and over the set, and what can be mended.

Qt-free, torch-free.
"""
