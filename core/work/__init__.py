"""Work is a row: what must be done once, claimed and settled in batches under lease and fence."""
