"""Tables of the services, of their changes and of the limits."""
