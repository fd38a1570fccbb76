"""Rule kinds, one file each."""
