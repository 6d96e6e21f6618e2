"""Live pictures and forms, made of widgets."""
