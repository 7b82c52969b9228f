"""The search for the styles of a low-resolution picture, and samples of its posterior."""
