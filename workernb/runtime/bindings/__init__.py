"""Bindings: the objects on `env` and `ctx`."""
