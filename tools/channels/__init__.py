"""Ways out of the machine."""
