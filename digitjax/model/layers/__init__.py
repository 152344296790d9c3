"""Layers that are fast on a CPU."""
