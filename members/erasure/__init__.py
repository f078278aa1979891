"""Deleting a member wherever anything is kept, proved by a registry that names every table."""
