"""Wells, cells and their intervals."""
