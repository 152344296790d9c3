"""Convolution and pooling layers that are fast on a CPU."""
