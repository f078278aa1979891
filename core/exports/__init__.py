"""A list as a file: every row of it, as the page shows them, written in the background."""
