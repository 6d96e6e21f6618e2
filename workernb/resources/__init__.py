"""Stores on `env`: KV, D1, R2, the cache and rate limits, on Python's own SQLite."""
