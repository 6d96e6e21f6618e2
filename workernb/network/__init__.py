"""The same Workers over real HTTP between two processes, measured beside a binding."""
