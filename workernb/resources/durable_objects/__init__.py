"""Durable Objects: ids, gates, storage, alarms, and the objects that are in memory."""
