"""What runs, what ran and what it said."""
