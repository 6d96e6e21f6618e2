"""Enforcement of limits: ends requests that exceed them, or that hang."""
