"""Charts, images and reports of data, training, evaluation and trained networks."""
