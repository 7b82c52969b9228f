"""The list of images of a project."""
