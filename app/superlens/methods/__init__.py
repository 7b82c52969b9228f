"""Methods: one folder per way to super-resolve, arrays in and arrays out.

No files, no Qt; a method never imports another. What two methods need sits in `methods.nets`.
"""
