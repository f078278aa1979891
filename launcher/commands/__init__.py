"""What the doors in script/ open."""
