"""Sealing again, with the newest key, what older keys have sealed."""
