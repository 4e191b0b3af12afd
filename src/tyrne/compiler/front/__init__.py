"""mypy's typed trees of a program, and errors that name their place."""
