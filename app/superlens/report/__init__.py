"""One offline document from finished runs: a model of it, its HTML and its PDF.

Reads run folders, never a project; Qt only in `pdf.py`, torch nowhere.
"""
