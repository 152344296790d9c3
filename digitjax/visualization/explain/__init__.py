"""Explanations of a trained classifier, as pure functions of the network and of images.

`network` loads a run as a differentiable function of pixel intensities, `attribution` computes saliency maps,
`features` filters, activations and embeddings, `inputs` counterfactuals and activation maximization, `neighbors` the
nearest training images.
"""
