"""What a system description may say, and how its mistakes are reported."""

from pathlib import Path

import pytest
from descriptions import changes, mistakes

from tyrne.abi import CapKind, Rights
from tyrne.system import limits
from tyrne.system.description import read_description
from tyrne.system.errors import RequestError
from tyrne.system.parts import CONSOLE_CAP, Cap

GOOD = """\
[system]
name = "ping-pong"

[[endpoint]]
name = "table"

[[task]]
name = "ping"
program = "../programs/ping.py"
stack_pages = 2
caps = [
  { console = true },
  { endpoint = "table", rights = ["SEND", "TRANSFER"] },
]

[[task]]
name = "pong"
program = "/abs/pong.bin"
caps = [{ endpoint = "table" }]
"""


def changed(old: str, new: str) -> str:
    return changes(GOOD, old, new)


def test_a_good_description_is_read_as_written(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text(GOOD)
    system = read_description(path)
    assert (system.name, system.endpoints) == ("ping-pong", ("table",))
    ping, pong = system.tasks
    assert (ping.name, ping.program, ping.stack_pages) == ("ping", tmp_path.parent / "programs/ping.py", 2)
    assert ping.caps == (CONSOLE_CAP, Cap(0, Rights.SEND | Rights.TRANSFER))
    assert (pong.program, pong.stack_pages) == (Path("/abs/pong.bin"), None)  # the program's own
    assert pong.caps == (Cap(0, Rights.SEND | Rights.RECV),)
    assert pong.place == f"{path}:18"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (changed('name = "ping-pong"', "name = 5"), 's:2: "name" is a number; write name = "…"'),
        (changed('name = "ping-pong"\n', ""), 's:1: no "name" in [system]; add name = "…"'),
        (changed("stack_pages = 2", "stackpages = 2"), 's:10: unknown key "stackpages" in [[task]]; the keys are '),
        (changed("stack_pages = 2", 'stack_pages = "2"'), 's:10: "stack_pages" is a string; write stack_pages = 1'),
        (changed("stack_pages = 2", "stack_pages = true"), 's:10: "stack_pages" is true; write stack_pages = 1'),
        (changed("stack_pages = 2", "stack_pages = 0"), "s:10: stack_pages is 0; write a number from 1 to 2048"),
        (changed("stack_pages = 2", "stack_pages = 2049"), "s:10: stack_pages is 2049; write a number from 1 to 2048"),
        (changed('program = "../programs/ping.py"\n', ""), 's:7: no "program" in [[task]]; add program = "hello.py"'),
        (changed("console = true", "console = false"), 's:12: "console" is false; write console = true'),
        (changed("console = true", "screen = true"), 's:12: unknown key "screen" in a capability; the keys are '),
        (changed("{ console = true }", "{ }"), "s:12: a capability names one object; write { console = true } or "),
        (
            changed("console = true", 'console = true, endpoint = "table"'),
            "s:12: a capability names one object; write { console = true } or ",
        ),
        (
            changed("console = true", 'console = true, rights = ["SEND"]'),
            's:12: no right "SEND" over the console; write one of DUPLICATE, DERIVE, REVOKE, TRANSFER, CONSOLE_WRITE',
        ),
        (changed('"TRANSFER"', '"SEND"'), 's:13: "SEND" a second time; remove it'),
        (changed('endpoint = "table", ', 'endpoint = "tabel", '), 's:13: no endpoint "tabel" (there is table); add '),
        (changed('endpoint = "table", ', "endpoint = 1, "), 's:13: "endpoint" is a number; write endpoint = "name"'),
        (changed('"TRANSFER"', '"FLY"'), 's:13: no right "FLY" over an endpoint; write one of DUPLICATE, DERIVE, '),
        (changed('"TRANSFER"', '"CONSOLE_WRITE"'), 's:13: no right "CONSOLE_WRITE" over an endpoint; write one of '),
        (changed('"TRANSFER"', "3"), 's:13: "rights" is a number; write rights = ["SEND", "RECV"]'),
        (changed('name = "pong"', 'name = "ping"'), 's:17: a second task "ping"; give each task its own name'),
        (changed('name = "pong"', 'name = ""'), "s:17: the name '' is not usable; write 1 to 32 printable bytes"),
        (changed('name = "pong"', 'name = "a\\nb"'), "s:17: the name 'a\\nb' is not usable; write 1 to 32 printable "),
        (changed('name = "pong"', f'name = "{"é" * 17}"'), "s:17: the name 'ééééééééééééééééé' is not usable; "),
        (
            GOOD + "[board]\n",
            's:20: unknown key "board"; the keys are system, endpoint, notification, memory, device, task',
        ),
        (GOOD + '[[endpoint]]\nname = "table"\n', 's:21: a second endpoint "table"; give each endpoint its own name'),
        ('[system]\nname = "x"\n', 's:1: no "task"; add [[task]] with name = "…" and program = "…"'),
        ('task = []\n[system]\nname = "x"\n', "s:1: a system without a task; add a [[task]] with "),
        ('task = 3\n[system]\nname = "x"\n', 's:1: "task" is a number; write [[task]] with name = "…" and '),
        ('[system]\nname = "x\n', "s:2: not TOML: illegal character"),
        ("[system\n", "s:1: not TOML: expected ']' at the end of a table declaration; correct the syntax"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_mend(tmp_path: Path, text: str, expected: str) -> None:
    found = mistakes(tmp_path, text)
    assert len(found) == 1
    assert found[0].startswith(expected)


def test_a_console_may_be_passed_on_where_the_description_says_so(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text(changed("console = true", 'console = true, rights = ["CONSOLE_WRITE", "DUPLICATE"]'))
    console = Cap(0, Rights.CONSOLE_WRITE | Rights.DUPLICATE, kind=CapKind.DEBUG_CONSOLE)
    assert read_description(path).tasks[0].caps[0] == console


def test_every_mistake_is_reported_in_the_order_of_lines(tmp_path: Path) -> None:
    text = changed('"TRANSFER"', '"FLY"').replace("stack_pages = 2", "stack_pages = 0").replace('"pong"', '""')
    assert [line.split(":")[1] for line in mistakes(tmp_path, text)] == ["10", "13", "17"]


def test_more_of_anything_than_the_kernel_has_is_refused(tmp_path: Path) -> None:
    text = '[system]\nname = "x"\n'
    text += "".join(f'[[endpoint]]\nname = "e{i}"\n' for i in range(17))
    text += "".join(f'[[task]]\nname = "t{i}"\nprogram = "p"\n' for i in range(17))
    text += "".join(f'[[notification]]\nname = "n{i}"\n' for i in range(17))
    text += "".join(f'[[memory]]\nname = "m{i}"\npages = 1\n' for i in range(17))
    endpoints, tasks, notifications, memory = mistakes(tmp_path, text)
    assert notifications == "s:120: 17 notifications; a system has at most 16, remove some"
    assert memory == "s:170: 17 memory regions; a system has at most 16, remove some"
    assert endpoints == "s:35: 17 endpoints; a system has at most 16, remove some"
    assert tasks == "s:85: 17 tasks; a system has at most 16, remove some"
    text = '[system]\nname = "x"\n[[task]]\nname = "t"\nprogram = "p"\ncaps = [' + "{ console = true }," * 17 + "]\n"
    assert mistakes(tmp_path, text) == ["s:6: 17 capabilities; a task starts with at most 16, remove some"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "no.toml", "no such file or directory"), (tmp_path, "is a directory")):
        with pytest.raises(RequestError) as caught:
            read_description(path)
        assert str(caught.value) == f"{path}: cannot be read: {why}; give the path of a system description"


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(RequestError, match="not UTF-8 text"):
        read_description(path)


def test_a_mark_before_the_text_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text(GOOD, encoding="utf-8-sig")
    assert read_description(path).name == "ping-pong"


def test_a_file_too_large_for_a_description_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(RequestError, match="larger than 262144 bytes; name a system description"):
        read_description(path)


def test_a_program_through_a_loop_of_links_is_left_to_its_reading(tmp_path: Path) -> None:
    (tmp_path / "loop.bin").symlink_to("loop.bin")
    path = tmp_path / "s.toml"
    path.write_text(changed("../programs/ping.py", "loop.bin"))
    assert read_description(path).tasks[0].program == tmp_path / "loop.bin"


def test_a_name_that_no_file_has_is_refused(tmp_path: Path) -> None:
    assert mistakes(tmp_path, changed("../programs/ping.py", "a\\u0000b")) == [
        "s:9: no file is named 'a\\x00b'; write program = \"hello.py\""
    ]


def test_the_number_one_is_not_true(tmp_path: Path) -> None:
    assert mistakes(tmp_path, changed("console = true", "console = 1")) == [
        's:12: "console" is a number; write console = true'
    ]


def test_stacks_above_their_first_pages_count_with_the_memory_regions(tmp_path: Path) -> None:
    large = limits.STACK_PAGES - limits.SMALL_STACK_PAGES
    left = limits.SHARED_FRAMES - large
    text = f'[system]\nname = "x"\n[[memory]]\nname = "blocks"\npages = {left - left % 512}\n'
    text += '[[memory]]\nname = "m"\npages = {}\n[[task]]\nname = "t"\nprogram = "t"\n'
    text += f"stack_pages = {limits.STACK_PAGES}\n"
    (tmp_path / "s.toml").write_text(text.format(left % 512))
    assert read_description(tmp_path / "s.toml").tasks[0].stack_pages == limits.STACK_PAGES
    assert mistakes(tmp_path, text.format(left % 512 + 1)) == [
        "s:12: 20481 pages of memory, and of stacks above 64 pages each; "
        'a system has at most 20480, lower a stack_pages, or write memory = "256M" in [system]'
    ]
