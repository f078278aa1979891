"""Everything that happened to a member, the newest first; each concept brings what it knows."""
