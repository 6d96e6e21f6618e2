"""What happened: records of requests, and the clock that measures them."""
