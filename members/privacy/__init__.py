"""What members agreed to, and when they took it back."""
