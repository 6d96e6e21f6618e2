"""Outbound: where the Workers' own `fetch` leads when no route matches."""
