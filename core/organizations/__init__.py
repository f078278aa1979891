"""The organization tree: brand, regions, dealers and their stores, and the cities they sit in."""
