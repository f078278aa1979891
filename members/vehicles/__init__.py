"""Cars and who owned them when."""
