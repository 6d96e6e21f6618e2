"""Execution of Worker code: hops, top-level requests, loops."""
