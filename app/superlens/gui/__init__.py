"""The window: shows the workbench and sends it wishes.

PySide6 and pyqtgraph; never torch, SciPy, scikit-image or the engine.
"""
