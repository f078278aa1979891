"""Getting in and staying in: sign-in, signed-in browsers, one's own account."""
