"""Attribution methods, compiled once per architecture."""

import jax

from digitjax.visualization.explain import attribution

integrated_gradients = jax.jit(attribution.integrated_gradients)
occlusion = jax.jit(attribution.occlusion)
