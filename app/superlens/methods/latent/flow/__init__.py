"""The normalising flow over the style vectors of a prior."""
