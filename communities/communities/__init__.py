"""Communities: the lasting groups that members know by name."""
