"""Who the members are: people, their cars, tags, orders, and the segments made of them."""
