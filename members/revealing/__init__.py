"""Looking behind a mask: for a reason, on record, and only so often a day."""
