"""What mutants a source has: each operator on a small function."""

from __future__ import annotations

import pytest

from assurance.mutation.catalogue import Catalogue, all_mutants
from assurance.mutation.installing import changed_code
from assurance.mutation.mutant import Mutant
from assurance.mutation.source import Source, kernel_files

MEMBERS = {"Status": ["OK", "BAD", "WORSE"], "Rights": ["NONE", "SEND", "RECV"], "Kind": ["A", "B"]}


def mutants(body: str, returns: str = "int") -> list[Mutant]:
    """Those of a function with this body."""
    lines = "\n".join("    " + line for line in body.splitlines())
    content = f"LIMIT = 4\ndef f(x: int = 1) -> {returns}:\n    '''Words < 3.'''\n{lines}\n"
    return Catalogue(Source("made/up.py", content.encode()), MEMBERS).mutants()


CHANGES = {
    "if x < 3: pass": ["True", "False", "(x <= 3)", "x < 4", "x < 2"],
    "while x >= LIMIT: pass": ["True", "False", "(x > LIMIT)", "(x >= (LIMIT - 1))"],
    "if x == 0: pass": ["True", "False", "(x != 0)", "x == 1"],
    "if x is None: pass": ["True", "False", "(x is not None)"],
    "if x not in x: pass": ["True", "False", "(x in x)"],
    "if 1 <= x < 3: pass": [
        "True", "False", "(1 < x < 3)", "(1 <= x <= 3)", "2 <= x < 3", "0 <= x < 3", "1 <= x < 4", "1 <= x < 2",
    ],
    "if f(x) and not x: pass": ["True", "False", "(not x)", "f(x)", "f(x) and (x)"],
    "if a or b or c: pass": ["True", "False", "(b or c)", "(a or c)", "(a or b)"],
    "return a if x else b": ["return a if True else b", "return a if False else b"],
    "return x & 6": ["return (x | 6)", "return x & 7", "return x & 5"],
    "return x >> 2": ["return (x << 2)", "return x >> 3", "return x >> 1"],
    "return f(x, Rights.SEND)": ["return f(x, Rights.NONE)", "return f(x, Rights.RECV)"],
    "return f(x, Rights.NONE)": ["return f(x, Rights.SEND)"],
    "return Status.BAD": ["return Status.WORSE"],
    "return Kind.B": ["return Kind.A"],
    "return f(x, True)": ["return f(x, False)"],
    "x.y = None": ["pass"],
    "x[1] = None": ["pass"],
    "y = None": [],
    "x.y += 1": ["pass", "x.y -= 1", "x.y += 2", "x.y += 0"],
    "x.unlink()": ["pass"],
    "log_text(x)": [],
    "assert x": ["not (x)"],
    "match x:\n  case 1 | 2: pass\n  case _: pass": [
        "1 | 2 if False", "2", "1", "2 | 2", "0 | 2", "1 | 3", "1 | 1",
    ],
    "match x:\n  case Kind.A: pass": ["Kind.A if False", "Kind.B"],
    "match x:\n  case C() if x: pass": ["C() if True", "C() if False"],
    "for i in irange(3): pass": [],
    "def g() -> bool:\n  return x": [],
}  # fmt: skip


@pytest.mark.parametrize("body", CHANGES)
def test_each_way_to_break_a_check(body: str) -> None:
    assert [mutant.changed for mutant in mutants(body)] == CHANGES[body]


def test_a_function_that_says_yes_or_no_is_a_check() -> None:
    assert [mutant.changed for mutant in mutants("return f(x)", "bool")] == ["return True", "return False"]
    assert [mutant.changed for mutant in mutants("return False", "bool")] == ["return True"]


@pytest.mark.parametrize(
    ("check", "category"),
    [
        ("if not includes(held.rights, needed): pass", "rights"),
        ("if slot.generation != handle.generation: pass", "generation"),
        ("if not is_page_aligned(x): pass", "alignment"),
        ("if source.claims[x] < y: pass", "quota"),
        ("if isinstance(x, EndpointHandle): pass", "kind"),
        ("if x >= len(y): pass", "range"),
        ("if slot.capability is None: pass", "capability"),
        ("if isinstance(x, Status): pass", "refusal"),
        ("if x is y: pass", "state"),
        ("return Status.BAD", "status"),
        ("assert x", "invariant"),
        ("x.y = None", "effect"),
    ],
)
def test_a_check_is_about_what_it_names(check: str, category: str) -> None:
    assert {mutant.category for mutant in mutants(check)} == {category}


def test_the_same_change_in_two_places_of_a_function_is_two_mutants() -> None:
    found = mutants("if x: pass\nif x: pass")
    assert [mutant.occurrence for mutant in found] == [0, 0, 1, 1]
    assert len({mutant.id for mutant in found}) == 4


def test_a_mutant_keeps_its_name_when_its_function_moves() -> None:
    text = "def f(x: int) -> int:\n    if x: return 1\n    return 2\n"
    here, there = (Catalogue(Source("made/up.py", (head + text).encode()), {}).mutants() for head in ("", "# é\n\n"))
    assert [mutant.id for mutant in here] == [mutant.id for mutant in there]
    assert [mutant.line + 2 for mutant in here] == [mutant.line for mutant in there]


def test_every_mutant_of_the_kernel_compiles_to_other_code() -> None:
    found = all_mutants(kernel_files())
    assert len({mutant.id for mutant in found}) == len(found) > 3000
    sources = {name: Source(name) for name in kernel_files()}
    for mutant in found[::25]:
        changed_code(sources[mutant.file], mutant)
