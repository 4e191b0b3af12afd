"""Programs of several sources in a description: what may be said of them, and what they are rebuilt for."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from descriptions import mistakes

from running import run_system
from tyrne.system.errors import RequestError
from tyrne.system.select import load_system, select

TEXT = '[system]\nname = "x"\n[[task]]\nname = "t"\nprogram = {}\ncaps = []\n'
NONE = "there is no such folder; name one with headers"
ALONE = "is built alone; several sources, include and define are for C and assembly (.c, .S)"


def program(folder: Path, value: str) -> Path:
    """A description of one task with this value of `program`."""
    (folder / "s.toml").write_text(TEXT.format(value))
    return folder / "s.toml"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("3", 's:5: "program" is a number; write program = "hello.py"'),
        ('["a.c", "b.c"]', 's:5: "program" is an array; write program = "hello.py"'),
        ("{}", 's:5: no "sources" in a program; add sources = ["main.c", "other.c"]'),
        ("{ sources = [] }", 's:5: a program without a source; write sources = ["main.c", "other.c"]'),
        ('{ sources = "a.c" }', 's:5: "sources" is a string; write sources = ["main.c", "other.c"]'),
        ('{ sources = ["a.c", 4] }', 's:5: "sources" is a number; write sources = ["main.c", "other.c"]'),
        ('{ source = ["a.c"] }', 's:5: no "sources" in a program; add sources = ["main.c", "other.c"]'),
        ('{ sources = ["a.c"], flags = [] }', 's:5: unknown key "flags" in a program; the keys are sources, include, '),
        ('{ sources = ["a.c", "b.py"] }', f"s:5: b.py {ALONE}"),
        ('{ sources = ["a.py"], define = ["X"] }', f"s:5: a.py {ALONE}"),
        ('{ sources = ["a.elf"], include = ["."] }', f"s:5: a.elf {ALONE}"),
        ('{ sources = ["a.c", "./a.c"] }', "s:5: a.c a second time; remove it"),
        ('{ sources = ["a.c"], include = ["none"] }', f"s:5: none: {NONE}"),
        ('{ sources = ["a.c"], include = [""] }', "s:5: no file is named ''; write include = [\"include\"]"),
        ('{ sources = ["a.c"], define = ["4"] }', "s:5: '4' is no definition; write define = [\"NAME\", \"SIZE=4\"]"),
        ('{ sources = ["a.c"], define = ["-O0"] }', "s:5: '-O0' is no definition; write "),
        ('{ sources = ["a.c"], define = ["A=\\n#"] }', "s:5: 'A=\\n#' is no definition; write "),
        ('{ sources = ["a\\u0000.c"] }', "s:5: no file is named 'a\\x00.c'; write program = \"hello.py\""),
    ],
)
def test_a_mistake_is_named_with_its_line_and_mend(tmp_path: Path, value: str, expected: str) -> None:
    found = [line.replace(f"{tmp_path}/", "") for line in mistakes(tmp_path, TEXT.format(value))]
    assert found[0].startswith(expected), found


def test_each_source_stands_on_its_line(tmp_path: Path) -> None:
    lines = TEXT.format('{ sources = ["a.c",\n"b.py",\n"c.bin"], define = ["A", "1"] }')
    assert [line.split(":")[1] for line in mistakes(tmp_path, lines)] == ["6", "7", "7"]


def test_a_source_that_is_not_there_is_told_with_the_line_of_its_program(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("int main(void) { return 0; }\n")
    with pytest.raises(RequestError) as caught:
        load_system(select([program(tmp_path, '{ sources = ["a.c", "b.c"] }')]))
    assert caught.value.lines[0].startswith(f"{tmp_path}/s.toml:5: {tmp_path}/b.c: cannot be read: no such file")


def test_sources_headers_folders_and_definitions_make_one_program(tmp_path: Path) -> None:
    (tmp_path / "inc").mkdir()
    (tmp_path / "part").mkdir()
    main = '#include "own.h"\n#include "far.h"\nint main(void) { return own() + FAR + SIZE; }\n'
    part = "#ifdef NEAR\nint number(void);\nint own(void) { return number(); }\n#endif\n"
    (tmp_path / "main.c").write_text(main)
    (tmp_path / "own.h").write_text("int own(void);\n")
    (tmp_path / "inc" / "far.h").write_text("#ifdef NEAR\n#define FAR 30\n#endif\n")
    (tmp_path / "part" / "main.c").write_text(part)
    (tmp_path / "number.S").write_text("#ifdef NEAR\n.global number\nnumber: mov w0, #SIZE\nret\n#endif\n")
    value = '{ sources = ["main.c", "part/main.c", "number.S"], include = ["inc"], define = ["NEAR", "SIZE=4"] }'
    report = run_system([program(tmp_path, value)], "hosted")
    assert report["tasks"][0]["code"] == 38


def code(description: Path) -> int:
    return int(run_system([description], "hosted")["tasks"][0]["code"])


def test_a_program_is_built_anew_when_anything_that_it_read_has_changed(tmp_path: Path) -> None:
    (tmp_path / "inc").mkdir()
    description = program(tmp_path, '{ sources = ["main.c", "data.S"], include = ["inc"] }')
    files = {
        "main.c": '#include "one.h"\n#include "two.h"\nint main(void) { return BASE + number + 1; }\n',
        "one.h": "#define BASE 10\nextern int number;\n",
        "inc/two.h": "int two;\n",
        "data.S": '.data\n.global number\nnumber: .incbin "number.bin"\n',
        "number.bin": "\x07\0\0\0",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert code(description) == 18
    (tmp_path / "one.h").write_text(files["one.h"].replace("10", "20"))
    assert code(description) == 28
    (tmp_path / "number.bin").write_text("\x08\0\0\0")
    assert code(description) == 29
    (tmp_path / "inc/two.h").write_text("#undef BASE\n#define BASE 50\n")
    assert code(description) == 59
    (tmp_path / "main.c").write_text(files["main.c"].replace("+ 1", "+ 2"))
    assert code(description) == 60
    (tmp_path / "one.h").unlink()
    with pytest.raises(RequestError, match=r"main\.c:1:10: 'one\.h' file not found; put it beside the source"):
        code(description)


def test_a_program_that_has_not_changed_runs_no_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.h").write_text("#define ZERO 0\n")
    (tmp_path / "main.c").write_text('#include "own.h"\nint main(void) { return ZERO; }\n')
    description = program(tmp_path, '{ sources = ["main.c"], define = ["X"] }')
    load_system(select([description]))

    def refuse(*arguments: object, **named: object) -> None:
        raise AssertionError(f"started {arguments}")

    monkeypatch.setattr(subprocess, "run", refuse)
    load_system(select([description]))
