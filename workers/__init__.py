"""The clockwork: scan, propose, act, expire."""
