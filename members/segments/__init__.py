"""Sets of members described by conditions and compiled to one SQL statement."""
