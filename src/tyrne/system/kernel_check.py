"""Whether the kernel of these sources fits together, before it runs in CPython, which would run half of it too.

A kernel that is compiled is checked by its compiler. CPython answers a call without a handler as if it had been done.
"""

from __future__ import annotations

from functools import cache

from tyrne.compiler import CompileError
from tyrne.compiler.build.cache import digest, stored
from tyrne.compiler.build.identity import compiler_part
from tyrne.system import kernel_source
from tyrne.system.errors import RequestError

ROOT = "tyrne.boot.start"
"""What imports all of the kernel."""


@cache
def check_kernel() -> None:
    """RequestError with a line for each mistake of types, and each call without an effect.

    What was found good once is not looked at again: only the sources are read.
    """
    key = digest([compiler_part(), kernel_source.digest()])
    try:
        stored("checked", key, lambda folder: _check())
    except CompileError:  # no cache to remember it in
        _check()


def _check() -> None:
    from tyrne.compiler.translate import verify

    try:
        verify(ROOT)
    except CompileError as error:
        raise RequestError(*str(error).splitlines()) from None
