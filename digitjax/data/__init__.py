"""Pictures of digits: builders, folders of one's own, fixed splits, normalisation, batches."""
