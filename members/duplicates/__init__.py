"""Pairs of members who may be one person, found in the background and judged by people."""
