"""Networks: architectures, layers, training, checkpoints, and how trained networks are used and exported."""
