"""Where members talk: communities, their rooms, how they fill and what is sent to them."""
