"""How good a run is: metrics and the files that keep them."""
