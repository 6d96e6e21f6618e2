"""Tables: the services, what changed, the limits."""
