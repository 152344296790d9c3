"""Evaluate trained models: metrics, comparisons, robustness, learning histories, and the files that hold them."""
