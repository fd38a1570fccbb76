"""The sample company."""
