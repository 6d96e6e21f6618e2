"""Pictures and tables of what is in a runtime."""
