"""Decide. Pure: no database, no model, no clock."""
