"""When hosts are busy, and where their calls are written down."""
