"""The models a brand builds: set up once, named by every car."""
