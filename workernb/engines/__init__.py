"""What turns source text into handlers."""
