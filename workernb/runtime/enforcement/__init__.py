"""Limits, kept: what ends a request that has used up what it may use."""
