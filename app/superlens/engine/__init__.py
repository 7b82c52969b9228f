"""The engine: runs jobs in a process of its own, and headless for the command line.

Qt-free. Torch is imported inside functions only, so that the cpu lane never loads it.
"""
