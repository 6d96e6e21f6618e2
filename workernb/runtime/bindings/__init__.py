"""What stands on a Worker's env and ctx."""
