"""Images of digits: dataset builders, folders of one's own, fixed splits, normalization, batches."""
