"""How low-resolution pictures are made from high-resolution ones, for training without pairs.

Qt-free, torch-free; no files and no training here: pictures in, pictures out.
"""
