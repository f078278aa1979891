"""Answers already given, so that a repeated request repeats the answer and not the effect."""
