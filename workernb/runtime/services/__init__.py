"""What is defined: services, their versions and settings. Independent of requests."""
