"""The twin: the same Workers in workerd, by npm's miniflare, for comparison."""
