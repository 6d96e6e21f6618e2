"""Exporters: finished requests in the formats that other tools read."""
