"""Functions and types of the program in terms of C."""
