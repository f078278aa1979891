"""The names by which other systems know a member."""
