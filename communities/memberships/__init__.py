"""Who is in which room, since when and why."""
