"""What data is kept, in every field of every table: how personal, what for, how long, how shown."""
