"""Hints: what a newcomer's cell is told, before or beside Python's own error."""
