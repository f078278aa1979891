"""Rooms: the chat groups of a community, each with a hard cap."""
