"""The console's component kit: every component once, in all its states, with made-up people."""
