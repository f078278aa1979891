"""What members bought, when and for how much."""
