"""What happened: the records of requests, and the clock that fills them."""
