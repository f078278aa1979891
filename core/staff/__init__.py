"""People and programs that work for a brand: sign-in, sessions, roles with scope, API keys."""
