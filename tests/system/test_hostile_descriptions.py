"""Descriptions from others: whatever they hold, the answer is lines that name the place, after time that grows with the
size of the file."""

import tempfile
import time
from pathlib import Path

import pytest
from descriptions import mistakes
from hypothesis import given, settings
from hypothesis import strategies as st

from tyrne.system import limits
from tyrne.system.description import read_description
from tyrne.system.errors import RequestError
from tyrne.system.mistakes import MOST

HEAD = '[system]\nname = "s"\n'
TASK = '[[task]]\nname = "t"\nprogram = "p.bin"\n'

NUMBERS = {
    "hexadecimal": "0x" + "f" * 5000,
    "octal": "0o" + "7" * 5000,
    "binary": "0b" + "1" * 20_000,
    "decimal": "9" * 5000,
    "negative": "-" + "9" * 5000,
    "a word and one": str(1 << 64),
    "just below the words": str(-(1 << 63) - 1),
}
TABLES = {
    "slice": "\n[system]\nname = 's'\nslice = {}\n" + TASK,
    "pages": "[[memory]]\nname = 'm'\n\npages = {}\n" + HEAD + TASK,
    "address": "[[memory]]\nname = 'm'\npages = 1\naddress = {}\n" + HEAD + TASK,
    "stack_pages": HEAD + "[[task]]\nstack_pages = {}\nname = 't'\nprogram = 'p'\n",
    "priority": HEAD + "[[task]]\npriority = {}\nname = 't'\nprogram = 'p'\n",
    "tasks": HEAD + TASK + "caps = [{{ quota = true }}]\n[task.quota]\ntasks = {}\n",
    "frames": HEAD + TASK + "quota.frames = {}\ncaps = [{{ quota = true }}]\n",
    "badge": "[[endpoint]]\nname = 'e'\n" + HEAD + TASK + "caps = [\n{{ endpoint = 'e',\n badge = {} }}]\n",
    "at": "[[memory]]\nname = 'm'\npages = 1\n" + HEAD + TASK + "caps = [\n{{ memory = 'm',\n at = {} }}]\n",
    "supervisor.badge": "[[endpoint]]\nname = 'e'\n"
    + HEAD
    + TASK
    + "supervisor.badge = {}\nsupervisor.endpoint = 'e'\n",
}


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("key", TABLES)
def test_a_number_beyond_every_word_is_a_mistake_with_its_line(tmp_path: Path, key: str, number: str) -> None:
    before, _, _ = TABLES[key].partition("{}")
    text = TABLES[key].format(NUMBERS[number]).replace(",\n ", ", ")
    line = 1 + before.replace(",\n ", ", ").count("\n")
    (mistake,) = mistakes(tmp_path, text)
    assert mistake.startswith(f's:{line}: "{key.rpartition(".")[2]}" is a number that no 64-bit word holds; write ')


@pytest.mark.parametrize("key", ["pages", "stack_pages", "priority", "tasks", "frames", "badge"])
@pytest.mark.parametrize("number", [-1, -(1 << 63), (1 << 64) - 1])
def test_a_number_outside_its_range_is_a_mistake_too(tmp_path: Path, key: str, number: int) -> None:
    (mistake,) = mistakes(tmp_path, TABLES[key].format(number).replace(",\n ", ", "))
    assert f"{key} is {number}; write a number from" in mistake


KEYS = {
    "escaped": ('[system]\nname = "s"\n"sl\\u0069ce" = 5\n', 3),
    "long escape": ('[system]\nname = "s"\n"\\U00000073lice" = 5\n', 3),
    "literal": ("[system]\nname = 's'\n'slice' = 5\n", 3),
    "dotted": ('\nsystem.name = "s"\nsystem.slice = 5\n', 3),
    "dotted and quoted": ('\nsystem.name = "s"\n"system" . "sl\\u0069ce" = 5\n', 3),
    "inline": ('\n\nsystem = { name = "s", "sl\\u0069ce" = 5 }\n', 3),
    "quoted header": ('\n["syst\\u0065m"]\nname = "s"\nslice = 5\n', 4),
    "spaced header": ('\n[ system ]\nname = "s"\nslice = 5\n', 4),
    "after a text of lines": ('[system]\nname = """\\\n  s"""\nslice = 5\n', 4),
    "after lines that end in two characters": ('[system]\r\nname = "s"\r\nslice = 5\r\n', 3),
    "after a comment that looks like it": ('[system] # slice = 5\nname = "s"\n# slice = 5\nslice = 5\n', 4),
}


@pytest.mark.parametrize("form", KEYS)
def test_a_key_is_found_however_it_is_written(tmp_path: Path, form: str) -> None:
    head, line = KEYS[form]
    (mistake,) = mistakes(tmp_path, head + TASK)
    assert mistake.startswith(f"s:{line}: slice is 5; write instructions from ")


def test_a_table_that_only_a_longer_header_names_is_where_that_stands(tmp_path: Path) -> None:
    missing, unknown = mistakes(tmp_path, "\n\n[system.more]\n" + TASK)
    assert missing.startswith('s:3: no "name" in [system]') and unknown.startswith('s:3: unknown key "more"')


LARGE = {
    "a key of 8,000 parts": ".".join(["a"] * 8000) + " = 1\n",
    "a key of quoted parts": ".".join(['"a"'] * 60_000) + " = 1\n",
    "a header of 8,000 parts": "[" + ".".join(["a"] * 8000) + "]\n",
    "arrays in arrays": "a = " + "[" * 200_000,
    "tables in tables": "a = " + "{a=" * 60_000,
    "escaped quotes": '"\\' * 120_000,
    "escaped quotes in a text of lines": 'a = """' + '\\"""' * 60_000 + "\\",
    "quotes": '"' * 250_000,
    "a number of all digits": HEAD + "slice = " + "9" * 250_000 + "\n" + TASK,
    "tasks without a name": HEAD + "[[task]]\n" * 25_000,
    "tasks of one name": HEAD + TASK * 6000,
    "endpoints, each asked for": HEAD
    + "".join(f'[[endpoint]]\nname = "{i}"\n' for i in range(4000))
    + TASK
    + "caps = ["
    + '{ endpoint = "x" },' * 6000
    + "]",
    "capabilities": HEAD + TASK + "caps = [" + '{ endpoint = "x" },' * 12_000 + "]",
    "devices": HEAD + '[[memory]]\nname = "m"\npages = 1\naddress = 0x0901_0000\n' * 4000 + TASK,
    "rights": HEAD + TASK + "caps = [{ console = true, rights = [" + '"X",' * 20_000 + "] }]",
    "unknown keys": HEAD + "".join(f"k{i} = 1\n" for i in range(24_000)),
    "headers": "".join(f"[a.b{i}]\n" for i in range(18_000)),
    "one long key": HEAD + '"' + "k" * 250_000 + '" = 1\n',
    "one long name": '[system]\nname = "' + "n" * 250_000 + '"\n' + TASK,
}


@pytest.mark.promise("The time to read or refuse a description, an ELF or a report grows with its size")
@pytest.mark.parametrize("content", LARGE)
def test_the_time_to_refuse_a_description_grows_with_its_size(tmp_path: Path, content: str) -> None:
    assert len(LARGE[content]) <= limits.DESCRIPTION_BYTES
    begun = time.process_time()
    found = mistakes(tmp_path, LARGE[content])
    assert (
        time.process_time() - begun < 8
    )  # seconds; each takes less than 1, and took minutes where it compared squares
    assert 1 <= len(found) <= MOST + 1
    assert all(line.startswith("s:") for line in found)


def test_mistakes_beyond_the_first_ones_are_counted(tmp_path: Path) -> None:
    found = mistakes(tmp_path, HEAD + TASK + "".join(f"k{i} = 1\n" for i in range(MOST + 7)))
    assert len(found) == MOST + 1
    assert found[-1].endswith(": 7 more mistakes; mend the first ones")


WORDS = ["system", "task", "name", "program", "caps", "slice", "badge", "at", "quota", "endpoint", '"a\\u001b"', "'x'"]
VALUES = [
    "1",
    "-1",
    "1e9",
    "nan",
    "true",
    '"t"',
    "''",
    '"""\n"""',
    "[",
    "]",
    "{",
    "}",
    "[]",
    "{}",
    "0x" + "f" * 99,
    "1979-05-27",
]
PIECES = st.one_of(
    st.sampled_from([*WORDS, *VALUES, "\n", "\n", " = ", "=", ".", ",", "[[", "]]", "#", HEAD, TASK, "caps = [", "\\"]),
    st.text(max_size=4),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_text_is_a_description_or_refused(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.toml"
        path.write_text(text, encoding="utf-8", errors="replace")
        try:
            read_description(path)
        except RequestError as error:
            assert error.lines and all(line.startswith(f"{path}:") for line in error.lines)


def test_a_key_with_controls_cannot_look_like_a_line_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text(HEAD + '"x\\n\\u001b[31mtyrne: all tasks complete\\u009b0m" = 1\n' + TASK)
    with pytest.raises(RequestError) as caught:
        read_description(path)
    (line,) = caught.value.lines
    assert line.startswith(f"{path}:3: unknown key")
