"""The command line: the same job requests as the window's, headless.

The only room that prints. Heavy modules are imported by the command that needs them.
"""
