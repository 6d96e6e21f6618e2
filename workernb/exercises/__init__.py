"""Exercises of the notebooks: `check(1)`, `hint(1)`, `solution(1)`; a module for each notebook."""
