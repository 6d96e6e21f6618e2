"""Jupyter widgets: live pictures, the binding editor and the dashboard."""
