"""What is defined: services, their versions, their settings. Knows no request."""
