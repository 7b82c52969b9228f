"""Small controls that know nothing of Superlens' records."""
