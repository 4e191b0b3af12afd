"""The version of the interface. A program carries that with which it was built, and a kernel runs it or refuses it.

It rises with every change that a program can see: a new call, right, kind, status, state, notice or register. Since no
number is moved or used again, a program of an older version runs, and means what it meant. Version 1 carries none.
"""

from __future__ import annotations

from typing import Final

from tyrne.abi.kinds import CapKind

VERSION: Final = 6
UNSTATED: Final = 1
"""That of a program that carries none: a raw image, or an ELF that knows nothing of tyrne."""

KNOWN_KINDS: Final = sum(1 << kind.value for kind in CapKind)
"""A bit for each kind of object."""

NOTE_OWNER: Final = b"Tyrne"
NOTE_OWN_START: Final = 1
"""The type of the ELF note without content: the program's own start sets it up."""
NOTE_INTERFACE: Final = 2
"""The type of the ELF note of the interface. Its content is four words of 32 bits, little-endian: the version,
`KNOWN_KINDS`, the lower and the upper half of `KNOWN_RIGHTS`. Later versions may add words behind them."""
