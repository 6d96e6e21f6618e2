"""How Workers' code is run: the hop, top-level requests, loops."""
