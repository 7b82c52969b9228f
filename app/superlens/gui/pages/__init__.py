"""One page per stage, and the start page."""
