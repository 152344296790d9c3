"""Hyper-parameter sweeps with Optuna."""
