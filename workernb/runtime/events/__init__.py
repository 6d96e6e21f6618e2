"""Events: a module for each handler that a Worker can have."""
