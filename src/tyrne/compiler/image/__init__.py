"""The program's data: modules imported by CPython, measured, and snapshotted as C initialisers."""
