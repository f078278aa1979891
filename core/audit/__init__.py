"""The append-only stream of what happened: history for people, events for machines."""
