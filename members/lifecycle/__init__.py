"""Lifecycle: which stage a member is in, the rules that move them, every move with its reason."""
