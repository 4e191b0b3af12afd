"""Every table over the calls, statuses, kinds, states and notices has all its rows; one that lacks one says so."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tyrne.abi import CapKind
from tyrne.kernel import creation
from tyrne.lang import u64
from tyrne.rows import MissingRowError, Rows, check_rows
from tyrne.system import capabilities
from tyrne.testing.commands import WRONG_REQUEST, guarded
from tyrne.testing.lockstep import call_arguments, prospects
from tyrne.user import reference, refusals

ROOT = Path(__file__).parents[1]
TABLES = [
    (f"{module.__name__.rpartition('.')[2]}.{name}", table)
    for module in (call_arguments, reference, refusals)
    for name, table in vars(module).items()
    if isinstance(table, Rows) and f"\n{name}: Final" in Path(str(module.__file__)).read_text()
]


def test_the_tables_are_found() -> None:
    names = {name for name, _ in TABLES}
    assert names == {
        *("call_arguments.ARGUMENTS", "refusals.REFUSALS"),
        *("reference.STATUSES", "reference.STATES", "reference.NOTICE_WORDS"),
    }


@pytest.mark.parametrize(("name", "table"), TABLES, ids=[name for name, _ in TABLES])
def test_a_table_has_every_row(name: str, table: Rows) -> None:  # type: ignore[type-arg]
    assert not list(table.lacking())


@pytest.mark.parametrize(("name", "table"), TABLES, ids=[name for name, _ in TABLES])
def test_a_row_that_is_taken_out_is_told_by_file_line_and_table(
    name: str,
    table: Rows,  # type: ignore[type-arg]
) -> None:
    row, value = next(iter(table.items()))
    try:
        del table[row]
        (told,) = table.lacking()
        with pytest.raises(MissingRowError, match=f"^{re.escape(told)}$"):
            table[row]
    finally:
        table[row] = value
    found = re.fullmatch(r"(\S+\.py):(\d+): (\w+) has no row for (\w+\.\w+); add one", told)
    assert found is not None
    assert found[3] == name.rpartition(".")[2] and found[4] == f"{type(row).__name__}.{row.name}"
    assert (ROOT / found[1]).read_text().splitlines()[int(found[2]) - 1].startswith(f"{found[3]}: Final")


def test_every_kind_of_object_has_its_row_in_the_tools() -> None:
    check_rows(prospects.__file__, "KINDS", map(CapKind, prospects.KINDS.values()), CapKind)
    check_rows(prospects.__file__, "NEEDED_BY", map(CapKind, prospects.NEEDED_BY), CapKind)
    described = {kind.kind for kind in capabilities._KINDS.values()}
    check_rows(capabilities.__file__, "_KINDS", described | {CapKind.REPLY}, CapKind)
    made = {creation.creatable(u64(kind.value)) for kind in CapKind}
    not_made = {CapKind.DEBUG_CONSOLE, CapKind.REPLY, CapKind.CLOCK, CapKind.INTERRUPT}
    check_rows(creation.__file__, "def creatable", made | not_made, CapKind)


def test_a_test_that_checks_a_table_of_its_own_says_the_same() -> None:
    check_rows(__file__, "TABLES", CapKind, CapKind)
    line = next(i for i, text in enumerate(Path(__file__).read_text().splitlines(), 1) if text.startswith("TABLES"))
    expected = f"tests/test_rows.py:{line}: TABLES has no row for CapKind.{{}}; add one"
    with pytest.raises(AssertionError) as caught:
        check_rows(__file__, "TABLES", set(CapKind) - {CapKind.TASK, CapKind.REPLY}, CapKind)
    told = str(caught.value).replace(f"{ROOT}/", "")
    assert told.splitlines() == [expected.format("TASK"), expected.format("REPLY")]


def test_a_campaign_that_comes_to_a_missing_row_ends_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    table: Rows[CapKind, int] = Rows("SMALL", CapKind, {CapKind.TASK: 1})
    assert guarded("fuzz-calls", lambda: table[CapKind.TASK] + table[CapKind.QUOTA]) == WRONG_REQUEST
    assert re.fullmatch(
        r"fuzz-calls: \S+test_rows\.py:\d+: SMALL has no row for CapKind\.QUOTA; add one\n", capsys.readouterr().err
    )


def test_the_reference_without_a_row_is_one_line() -> None:
    code = (
        "import runpy; from tyrne.user.refusals import REFUSALS; REFUSALS.popitem(); "
        "runpy.run_module('tyrne.user.reference', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode != 0 and done.stdout == ""
    assert re.fullmatch(
        r"tyrne\.user\.reference: src/tyrne/user/refusals\.py:\d+: REFUSALS has no row for CallNumber\.\w+; add one\n",
        done.stderr,
    )
