"""Drawings: shapes, colours and text, and their rendering as SVG and PNG."""
