"""What is said in a room, and how far each member has read."""
