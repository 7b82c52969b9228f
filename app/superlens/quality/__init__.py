"""Numbers about images: fidelity, resolution, noise, consistency with the raw data, calibration.

Pure functions on arrays; Qt-free and, apart from `deep`, torch-free. No files, no biology.
"""
