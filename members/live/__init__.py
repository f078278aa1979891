"""Live segments: their members kept in a table and refreshed for whoever was touched."""
