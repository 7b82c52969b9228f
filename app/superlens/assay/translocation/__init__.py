"""Nuclear translocation: how much of a protein is in the nucleus."""
