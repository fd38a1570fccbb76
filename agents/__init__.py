"""Choose and write; propose only."""
