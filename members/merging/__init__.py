"""Two members who are one person: what moves when they become one, and how it comes back."""
