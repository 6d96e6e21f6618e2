"""compare_network: a call over a binding, compared with the same over HTTP to another process."""
