"""What each kind of community is for, and the limits it lives by."""
