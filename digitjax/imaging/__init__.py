"""Classical image processing: from the bytes of a picture to one normalized 28x28 image per digit."""
