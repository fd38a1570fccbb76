"""Act in the world."""
