"""One message to many rooms, to each exactly once."""
