"""Bytes to records and arrays and back: the only place that knows file formats and folders.

No Qt, no torch; the file libraries are imported where a file is opened, never at start.
"""
