"""Makes this folder importable: what tests of several folders share stands in running.py beside this file."""
