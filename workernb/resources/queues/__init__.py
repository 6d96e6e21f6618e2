"""Queues: messages that a producer sends, and a consumer gets in batches, later."""
