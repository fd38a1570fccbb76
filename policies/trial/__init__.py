"""Trying a policy out before it holds: cases, sample acts, and what changed between two policies."""
