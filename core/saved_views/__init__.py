"""Addresses of lists that people keep under a name, for themselves or for all of the brand."""
