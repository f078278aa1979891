"""Demonstration data: a brand as it might be, drawn from a seed and loaded by COPY."""
