"""The front door: HTTP on a port, for the Workers that have a route."""
