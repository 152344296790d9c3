"""From any picture to the digits in it."""
