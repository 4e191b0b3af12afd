"""Programs that once gave C with another meaning than CPython's, or C that clang refuses. All are one build."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tyrne.compiler.build import build_host_library
from tyrne.compiler.build.host import CompiledTrap, HostLibrary
from tyrne.lang import Trap, u64

SOURCE = '''
from __future__ import annotations
from dataclasses import dataclass, field
from enum import Enum
from typing import Final
from tyrne.lang import Array, export, u64

UINT64_MAX: Final = u64(5)
Color_RED: Final = u64(9)


class Color(Enum):
    RED = 3
    GREEN = 4
    CRIMSON = 3


class Letter(Enum):
    B_C = 1


class Letter_B(Enum):
    C = 2


@dataclass(frozen=True)
class IPC:
    a: u64


@dataclass(frozen=True)
class Ipc:
    a: u64


@dataclass(frozen=True)
class Keywords:
    a: u64 = field(kw_only=True)
    b: u64 = u64(0)
    int: u64 = u64(1)
    int_: u64 = u64(2)


class Node:
    def __init__(self) -> None:
        self.kind: u64 = u64(1)
        self.inner: Node | None = None

    def bump(self) -> bool:
        self.kind += 1
        return True


class Holder:
    def __init__(self) -> None:
        self.node: Final = Node()
        self.numbers: Final = Array.filled(3, u64(2))
        self.values: Final = Array.filled(3, IPC(u64(1)))


holder: Final = Holder()


def IS_u64(x: u64) -> u64:
    return x


@export
def enum_with_an_alias(x: u64, y: u64) -> u64:
    color = Color.CRIMSON if x == 1 else Color.GREEN
    match color:
        case Color.RED:
            return u64(1)
        case Color.CRIMSON:
            return u64(2)
        case Color.GREEN:
            return y


def sum_of(a: u64, b: u64) -> u64:
    return a + b


def either(x: u64) -> IPC | Ipc:
    return IPC(x) if x < 5 else Ipc(x)


@export
def locals_with_names_of_c(main: u64, main_: u64) -> u64:
    printf, printf_, kp_at, KP_SITE, __LINE__ = main, main_, u64(3), u64(4), u64(5)
    return main * 100 + main_ * 10 + printf + printf_ * 1000 + kp_at + KP_SITE + __LINE__


@export
def parameters_with_names_of_c(default: u64, kp_result: u64) -> u64:
    kp_here = default + kp_result
    return kp_here


@export
def names_of_enumerators_and_macros(x: u64, y: u64) -> u64:
    letters = u64(Letter.B_C.value) + u64(Letter_B.C.value)
    return UINT64_MAX + Color_RED + u64(Color.RED.value) + IS_u64(x) + letters + y


@export
def members_alike(x: u64, y: u64) -> u64:
    match either(x):
        case IPC(a):
            return a + y
        case Ipc(a):
            return a * y


@export
def keyword_only_fields(x: u64, y: u64) -> u64:
    v = Keywords(x, a=y)
    match v:
        case Keywords(b):
            return b * 10 + v.a + v.int * 100 + v.int_ * 1000


@export
def captures_before_a_guard_that_acts(x: u64, y: u64) -> u64:
    match holder.node:
        case Node(kind=k) if holder.node.bump() and k > x:
            return k * 10
        case Node(kind=k):
            return k
    return y


@export
def captured_place_in_a_guard(x: u64, y: u64) -> u64:
    match holder:
        case Holder(node=n, numbers=a) if n.kind > 0 and a[x] == 2:
            return n.kind + a[x]
    return y


@export
def chain_traps_in_order(x: u64, y: u64) -> bool:
    return u64(6) // x < holder.numbers[y] < 7


@export
def keywords_trap_in_order(x: u64, y: u64) -> u64:
    return sum_of(b=u64(6) // x, a=holder.numbers[y])


@export
def fields_trap_in_order(x: u64, y: u64) -> u64:
    return Keywords(b=u64(6) // x, a=holder.numbers[y]).a


@export
def value_traps_before_its_target(x: u64, y: u64) -> None:
    holder.values[y] = IPC(u64(6) // x)
'''
CALLS = [
    ("enum_with_an_alias", 1, 9),
    ("enum_with_an_alias", 2, 9),
    ("locals_with_names_of_c", 1, 2),
    ("parameters_with_names_of_c", 1, 2),
    ("names_of_enumerators_and_macros", 1, 2),
    ("members_alike", 4, 3),
    ("members_alike", 5, 3),
    ("keyword_only_fields", 7, 8),
    ("captures_before_a_guard_that_acts", 0, 0),
    ("captures_before_a_guard_that_acts", 9, 0),
    ("captured_place_in_a_guard", 1, 0),
    ("captured_place_in_a_guard", 3, 0),
    ("chain_traps_in_order", 0, 9),
    ("chain_traps_in_order", 9, 1),
    ("keywords_trap_in_order", 0, 9),
    ("keywords_trap_in_order", 1, 9),
    ("fields_trap_in_order", 0, 9),
    ("value_traps_before_its_target", 0, 9),
    ("value_traps_before_its_target", 2, 1),
]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> tuple[ModuleType, HostLibrary]:
    path: Path = tmp_path_factory.mktemp("wrong") / "wrong_code.py"
    path.write_text(SOURCE)
    module = ModuleType("wrong_code")
    sys.modules["wrong_code"] = module
    exec(compile(SOURCE, str(path), "exec"), module.__dict__)
    library = build_host_library(path, {})
    library.reset()
    return module, library


def test_compiled_code_means_what_cpython_does(program: tuple[ModuleType, HostLibrary]) -> None:
    module, library = program
    for name, *arguments in CALLS:
        numbers = [int(x) for x in arguments]
        assert _compiled(library, name, numbers) == _interpreted(module, name, numbers), (name, *numbers)


def _interpreted(module: ModuleType, name: str, numbers: list[int]) -> Any:
    try:
        return getattr(module, name)(*map(u64, numbers))
    except Trap as trap:
        return str(trap).split()[0]


def _compiled(library: HostLibrary, name: str, numbers: list[int]) -> Any:
    try:
        return library.call(name, *numbers)
    except CompiledTrap as trap:
        return trap.kind
