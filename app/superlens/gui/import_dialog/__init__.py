"""The dialog that shows files before they are imported."""
