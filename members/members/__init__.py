"""The list of members and the page of one, where all that is known about them comes together."""
