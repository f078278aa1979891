"""What is emptied once it is old enough: rules per brand, and the night that keeps them."""
