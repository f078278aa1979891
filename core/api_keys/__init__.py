"""Programs that work for a brand: secrets shown once, permissions, expiry."""
