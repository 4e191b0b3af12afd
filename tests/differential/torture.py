"""Root of the torture: functions that put pressure on the compiler, all exported.

Each takes two numbers and may read and change WORLD. The test runs it in CPython and compiled, and compares the result
or the trap (its kind and line) and the whole of WORLD after each call.
"""

import torture_narrowing
import torture_none
import torture_objects
import torture_order

MODULES = (torture_order, torture_objects, torture_narrowing, torture_none)
