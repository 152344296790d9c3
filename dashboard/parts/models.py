"""Trained networks, loaded by JAX once for all sessions."""

import streamlit as st

from digitjax.data.cache import cache_folder
from digitjax.environment import configure_jax
from digitjax.model import reconstructor
from digitjax.model.reconstructor import Reconstructor
from digitjax.visualization.explain import network
from digitjax.visualization.explain.network import DifferentiableClassifier
from parts.weights import Weights


@st.cache_resource(max_entries=4, show_spinner="Loading the model")
def load_classifier(weights: Weights) -> DifferentiableClassifier:
    """Load a classifier as a differentiable function of pixel intensities."""
    configure_jax(cache_folder() / "compiled")
    return network.load(weights.run, weights.step)[0]


@st.cache_resource(max_entries=4, show_spinner="Loading the model")
def load_reconstructor(weights: Weights) -> Reconstructor:
    """Load an autoencoder."""
    configure_jax(cache_folder() / "compiled")
    return reconstructor.load(weights.run, weights.step)[0]
