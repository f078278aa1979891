"""Events, who comes to them, and points. See ADR 0001 for how apps and concepts depend."""
