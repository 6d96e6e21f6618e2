"""Storage of Durable Objects: databases, keys and values, SQL, transactions."""
