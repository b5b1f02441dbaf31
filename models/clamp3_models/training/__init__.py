"""Training: records with metadata in, weights out."""
