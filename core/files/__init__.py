"""Uploaded files and files made by runs: on disk under random names, described by rows."""
