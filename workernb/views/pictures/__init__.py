"""Static pictures: the graph of the services, a request's CPU, its tree, a comparison."""
