"""From files to training material: pairs, patches, normalisation.

Qt-free, torch-free.
"""
