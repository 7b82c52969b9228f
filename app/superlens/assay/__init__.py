"""Numbers about biology: segmentation, features, plates, statistics, intervals.

Qt-free and torch-free; specs also load without scipy and scikit-image.
"""
