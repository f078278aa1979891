"""Everything kept about one member, as a file for that person; read through the same registry."""
