"""One box that finds people, places and groups; each app answers for what it keeps."""
