"""Recognition of the digits in pictures: one picture, a labelled folder, very many, or over HTTP."""
