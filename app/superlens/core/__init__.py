"""The words of Superlens: records, jobs, messages, contracts, parameters, units, errors.

Standard library and NumPy only: no Qt, no torch, no file library.
"""
