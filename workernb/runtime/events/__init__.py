"""Events: one file for each handler that a Worker may have."""
