"""Engines, which turn the source text of Workers into handlers."""
