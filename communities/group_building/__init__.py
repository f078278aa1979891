"""Rules that fill communities from segments: preview, confirm, apply."""
