"""Facts about members in groups: set by hand, by rule, by import."""
