"""Still pictures: the graph of the services, the CPU of a request, its tree."""
