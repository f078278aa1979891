"""Points: what members earn and spend, in two ledgers that only grow, and what they have left."""
