"""Segments frozen at a moment: who was in them, and who joined or left between two moments."""
