"""What takes place, when, where, for how many, and how far its plan has come."""
