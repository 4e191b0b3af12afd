"""Whatever the source is, the answer is `file:line: what, and what to write instead`: no traceback, no clang error."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tyrne.compiler import CompileError, Target
from tyrne.compiler.front.check import Checked, check
from tyrne.compiler.front.modules import Module, Root, closure
from tyrne.compiler.translate import compile_modules, translate

HEADER = """from __future__ import annotations
import dataclasses, sys
from dataclasses import dataclass
from enum import Enum, IntFlag, STRICT
from typing import Final, Generic, TYPE_CHECKING, TypeVar
from tyrne.lang import Array, export, irange, u32, u64
"""
GO = "@export\ndef go(x: u64) -> u64:\n    "
PLACE = "class P:\n    def __init__(self) -> None:\n        self.n: u64 = u64(0)\n"
REFUSED = {
    "two_functions_under_if": (
        "if len(sys.argv) > 1000:\n    def f() -> u64: return u64(1)\nelse:\n    def f() -> u64: return u64(2)\n"
        f"{GO}return f()\n",
        "f is another function, or none, when the module is imported",
    ),
    "flags_exhausted": (
        f"class R(IntFlag):\n    A = 1\n    B = 2\n{GO}r = R(u32(x))\n    match r:\n"
        "        case R.A: return u64(1)\n        case R.B: return u64(2)\n    return u64(3)\n",
        "R is compared with each member, and mypy forgets that flags combine",
    ),
    "flags_with_boundary": (
        f"class R(IntFlag, boundary=STRICT):\n    A = 1\n{GO}return u64(R(u32(x)))\n",
        "R has a boundary",
    ),
    "empty_enum": (
        f"class E(Enum):\n    pass\ndef f(e: E | None) -> u64: return u64(1)\n{GO}return f(None)\n",
        "E has no members",
    ),
    "own_init_of_value": (
        "@dataclass(frozen=True)\nclass V:\n    a: u64\n    def __init__(self) -> None:\n"
        f"        object.__setattr__(self, 'a', u64(1))\n{GO}return V().a\n",
        "V has an __init__ of its own",
    ),
    "init_variable": (
        "@dataclass(frozen=True)\nclass V:\n    a: u64\n    b: dataclasses.InitVar[u64]\n"
        f"{GO}return V(x, x).a\n",
        "V.b is an InitVar",
    ),
    "two_of_one_generic": (
        "T = TypeVar('T')\n@dataclass(frozen=True)\nclass Box(Generic[T]):\n    v: T\n"
        f"def f(x: u64) -> Box[u32] | Box[u64]: return Box(x)\n{GO}return u64(isinstance(f(x), Box))\n",
        "no test tells these apart",
    ),
    "private_field": (
        f"class P:\n    def __init__(self) -> None:\n        self.__n: u64 = u64(0)\np: Final = P()\n{GO}return x\n",
        "P.__n has two leading underscores",
    ),
    "place_deleted": (f"{PLACE}a: Final = P()\ndel a\n{GO}return a.n\n", "a is not there"),
    "array_contained_twice": (
        "class Q:\n    def __init__(self) -> None:\n        self.a: Final = Array.filled(2, u64(0))\n"
        f"        self.b: Final = self.a\nq: Final = Q()\nr: Final = q.b\n{GO}return q.a[x]\n",
        "contained in two places",
    ),
    "comparison_beyond_64_bits": (f"{GO}return u64(x < 1 << 64)\n", "no number of the language is that large"),
    "range_beyond_64_bits": (
        f"{GO}for i in irange(1 << 64):\n        x = i\n    return x\n",
        "write numbers of 64 bits",
    ),
    "formatted_text": (f"{GO}y = f'{{x}}'\n    return x\n", "text is outside the language"),
    "call_of_library": (f"{PLACE}p: Final = P()\n{GO}y = callable(p)\n    return x\n", "callable() of a library"),
    "constant_of_library": (f"{GO}return u64(1) if TYPE_CHECKING else x\n", "TYPE_CHECKING of a library"),
    "isinstance_of_nothing": (f"{GO}return u64(isinstance(x, ()))\n", "isinstance with no class"),
    "deep_expression": (f"{GO}return {' + '.join(['x'] * 1500)}\n", "nested too deeply"),
}


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Checked, dict[str, tuple[Root, list[Module]]]]:
    """One mypy build over all of them."""
    folder = tmp_path_factory.mktemp("refused")
    programs = {}
    for name, (source, _) in REFUSED.items():
        path = folder / f"refused_{name}.py"
        path.write_text(HEADER + source)
        root = Root(path.stem, path, str(folder))
        programs[name] = root, closure(root)
    modules = {module.name: module for _, found in programs.values() for module in found}
    return check(list(modules.values())), programs


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_words(name: str, checked: tuple[Checked, dict[str, tuple[Root, list[Module]]]]) -> None:
    types, programs = checked
    root, modules = programs[name]
    with pytest.raises(CompileError) as error:
        compile_modules(root, modules, types, Target.HOST, {})
    lines = str(error.value).splitlines()
    assert all(re.search(r"\.py:[1-9]\d*: .", line) for line in lines), lines
    assert REFUSED[name][1] in str(error.value)
    assert "internal" not in str(error.value)


def test_what_pythons_own_parser_finds_nested_too_deeply_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "deep.py"
    path.write_text("x = " + "-" * 200_000 + "1\n")
    with pytest.raises(CompileError, match=r"deep\.py:1: nested too deeply for Python's parser"):
        closure(Root(path.stem, path, str(tmp_path)))


PLAIN = b"from tyrne.lang import export, u64\n@export\ndef go(x: u64) -> u64:\n    assert x > 1\n    return x\n"
TRANSLATED = {
    "byte_order_mark": b"\xef\xbb\xbf" + PLAIN,
    "prints_bytes": PLAIN + b'import sys\nsys.stdout.buffer.write(b"\\xff")\n',
    "prints_at_exit": PLAIN + b'import atexit\natexit.register(lambda: print("bye"))\n',
    "closes_output": PLAIN + b"import sys\nsys.stdout.close()\n",
}
FAILS = {
    "exits_at_once": (b"import os\nos._exit(0)\n", "the process ended while"),
    "raises_at_import": (b'raise BaseException("x")\n', "the module cannot be imported: BaseException: x"),
    "long_file": (b"\n" * 70000 + PLAIN, "the file is too long"),
}


@pytest.mark.parametrize("name", TRANSLATED)
def test_what_a_module_does_with_its_output_is_its_own_affair(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.py"
    path.write_bytes(TRANSLATED[name])
    assert "k_go" in translate(path, Target.HOST).c


@pytest.mark.parametrize("name", FAILS)
def test_a_module_that_cannot_be_imported(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.py"
    path.write_bytes(FAILS[name][0])
    with pytest.raises(CompileError, match=re.escape(FAILS[name][1])):
        translate(path, Target.HOST)


def test_a_file_with_quotes_in_its_name(tmp_path: Path) -> None:
    path = tmp_path / 'a"b\\c d.py'
    path.write_bytes(PLAIN)
    assert '"a\\"b\\\\c d.py"' in translate(path, Target.HOST).c


def test_a_module_that_is_never_imported_to_its_end_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tyrne.compiler.translate.SECONDS", 10.0)
    source = tmp_path / "endless.py"
    source.write_text(f"{HEADER}{GO}return x\nwhile True:\n    pass\n")
    with pytest.raises(CompileError, match=r"endless\.py:1: not compiled within 10 s; its modules are imported, let"):
        translate(source, Target.USER)
