"""A picture without any network: from the bytes of any file to 28x28 pixels of each digit."""
