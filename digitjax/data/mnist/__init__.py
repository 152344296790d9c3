"""MNIST from its four official files, prepared without TensorFlow."""

VERSION = "3.0.1"
DOWNLOAD = "11 MB from storage.googleapis.com"
