"""Pictures of digits: builders, fixed splits, normalisation, batches."""
