"""Usage: import, the columnar store, detection of drops."""
