"""Files from outside turned into rows of text: vetted first, then streamed, never trusted."""
