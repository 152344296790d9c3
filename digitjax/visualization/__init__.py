"""Charts and pictures that explain."""
