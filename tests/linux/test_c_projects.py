"""C projects are built by `tyrne cc` as by any compiler, into programs that say that they are for Linux and run so."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from linux_programs import PROGRAMS, told

from tyrne.cli.main import run_arguments
from tyrne.hosted.recorder import Listener
from tyrne.linux.abi import Abi, stated_abi
from tyrne.linux.driver import note_object, steps
from tyrne.system.run import Machine, Request, Result, prepare
from tyrne.system.select import load_system, select

TYRNE: Final = (sys.executable, "-P", "-m", "tyrne")
HELLO: Final = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'
SUM: Final = {
    "sum.h": "int sum(int n);\n",
    "sum.c": '#include "sum.h"\nint sum(int n) { return n ? n + sum(n - 1) : 0; }\n',
    "main.c": '#include <stdio.h>\n#include "sum.h"\nint main(void) { printf("%d\\n", sum(100)); return 0; }\n',
}
MAKEFILE: Final = """\
CFLAGS = -O2 -Wall -Werror
total: main.o libsum.a
\t$(CC) $(LDFLAGS) -o $@ main.o -L. -lsum
libsum.a: sum.o
\t$(AR) rcs $@ sum.o
\t$(RANLIB) $@
%.o: %.c sum.h
\t$(CC) $(CFLAGS) -c $<
"""
CONFIGURE: Final = r"""
set -e
works() { cat > conftest.c; $CC -o conftest conftest.c $1 2>conftest.err; }
preprocesses() { cat > conftest.c; $CC -E conftest.c >/dev/null 2>conftest.err; }
for option in --version -v; do $CC $option >/dev/null 2>&1; done
$CC -V >/dev/null 2>&1 && exit 10
echo 'int main(void) { return 0; }' > conftest.c
$CC conftest.c && test -f a.out
works </dev/null && exit 11
works <<E
int main(void) { return 0; }
E
works -g <<E
int main(void) { return 0; }
E
works -lm <<E
#ifdef __cplusplus
choke me
#endif
char pow(); int main(void) { return pow(); }
E
works <<E && exit 12
char no_such_function(); int main(void) { return no_such_function(); }
E
preprocesses <<E
#include <stdint.h>
E
preprocesses <<E && exit 13
#include <no/such/header.h>
E
works <<E
int main(void) { static int a[sizeof(long) == 8 ? 1 : -1]; return a[0]; }
E
case $($CC -dumpmachine) in aarch64-*linux-musl) ;; *) exit 14;; esac
"""


def tyrne(*arguments: object, cwd: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    words = [*TYRNE, *(str(argument) for argument in arguments)]
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True, **options)


def built(*arguments: object, cwd: Path, **options: Any) -> str:
    """Standard output of a tool that ends with 0 and complains of nothing."""
    done = tyrne(*arguments, cwd=cwd, **options)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def run(program: Path, machine: Machine = Machine.HOSTED) -> Result:
    """Run a program that nobody says the system of, with the console."""
    return prepare(Request(load_system(select([program])), machine, False, 400_000_000)).run(Listener())


def on_path(folder: Path) -> dict[str, str]:
    """An environment in which `tyrne` is this one, as an activated environment has it."""
    script = folder / "bin" / "tyrne"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {shlex.join(TYRNE)} "$@"\n')
    script.chmod(0o755)
    return {**os.environ, "PATH": f"{script.parent}:{os.environ['PATH']}"}


# --- what is built


@pytest.mark.parametrize("machine", [Machine.HOSTED, pytest.param(Machine.QEMU, marks=pytest.mark.qemu)])
def test_a_program_needs_no_word_about_its_system_to_run(tmp_path: Path, machine: Machine) -> None:
    write(tmp_path, {"hello.c": HELLO})
    assert built("cc", "hello.c", cwd=tmp_path) == ""
    assert stated_abi((tmp_path / "a.out").read_bytes()) is Abi.LINUX
    assert told(run(tmp_path / "a.out", machine)) == ("hello\n", 0)


@pytest.mark.more  # each builds a libc of its own
@pytest.mark.parametrize("flags", [["-s"], ["-O2", "-g"], ["-Os", "-Wl,--gc-sections"], ["-flto"]])
def test_each_way_of_linking_keeps_the_note(tmp_path: Path, flags: list[str]) -> None:
    write(tmp_path, {"hello.c": HELLO})
    built("cc", *flags, "hello.c", "-o", "hello", cwd=tmp_path)
    assert stated_abi((tmp_path / "hello").read_bytes()) is Abi.LINUX


@pytest.mark.more
def test_cxx_has_its_library_and_its_exceptions(tmp_path: Path) -> None:
    source = (
        "#include <iostream>\n#include <stdexcept>\n#include <vector>\n"
        "int main() { try { return std::vector<int>().at(1); }"
        ' catch (const std::out_of_range&) { std::cout << "caught" << std::endl; } }\n'
    )
    write(tmp_path, {"a.cc": source})
    built("c++", "a.cc", "-o", "a", cwd=tmp_path)
    assert told(run(tmp_path / "a")) == ("caught\n", 0)


def test_steps_and_an_archive_make_a_program_as_one_command_does(tmp_path: Path) -> None:
    write(tmp_path, SUM)
    built("cc", "-c", "sum.c", "-o", "sum.o", cwd=tmp_path)
    built("cc", "-c", "main.c", cwd=tmp_path)
    built("ar", "rc", "libsum.a", "sum.o", cwd=tmp_path)
    built("ranlib", "libsum.a", cwd=tmp_path)
    assert built("ar", "t", "libsum.a", cwd=tmp_path) == "sum.o\n"
    built("cc", "main.o", "libsum.a", "-o", "stepwise", cwd=tmp_path)
    built("cc", "main.c", "sum.c", "-o", "at_once", cwd=tmp_path)
    for name in ("stepwise", "at_once"):
        assert told(run(tmp_path / name)) == ("5050\n", 0)


@pytest.mark.parametrize(
    ("compiling", "linking", "place"),
    [
        ([], [], "crash.c:5 in follow"), (["-O2"], [], "crash.c:5 in follow"), (["-Os"], [], "crash.c:5 in follow"),
        (["-g0"], [], "in follow"), pytest.param([], ["-s"], "reads from address 0x8", marks=pytest.mark.more),
    ],
)  # fmt: skip
def test_a_fault_names_the_line_of_the_source(
    tmp_path: Path, compiling: list[str], linking: list[str], place: str
) -> None:
    built("cc", *compiling, "-c", PROGRAMS / "crash.c", cwd=tmp_path)
    built("cc", *linking, "crash.o", "-o", "crash", cwd=tmp_path)
    result = run(tmp_path / "crash")
    assert result.explainer.fault(result.recorder.faults[0]).endswith(place)


# --- a compiler as others


def test_what_does_not_link_comes_as_from_the_compiler(tmp_path: Path) -> None:
    write(tmp_path, SUM)
    assert "int sum(int n);\n" in built("cc", "-E", "sum.c", cwd=tmp_path)
    assert built("cc", "-MM", "sum.c", cwd=tmp_path) == "sum.o: sum.c sum.h\n"
    built("cc", "-MMD", "-MF", "sum.d", "-c", "sum.c", cwd=tmp_path)
    assert (tmp_path / "sum.d").read_text() == "sum.o: sum.c sum.h\n"
    built("cc", "-S", "sum.c", cwd=tmp_path)
    assert "sum:" in (tmp_path / "sum.s").read_text()
    built("cc", "-r", "sum.c", "-o", "part.o", cwd=tmp_path)
    built("cc", "-shared", "-fPIC", "sum.c", "-o", "sum.so", cwd=tmp_path)
    for name in ("part.o", "sum.so"):
        assert stated_abi((tmp_path / name).read_bytes()) is None
    assert built("cc", "--version", cwd=tmp_path).startswith("clang version ")


def test_a_source_that_fails_has_the_status_and_the_message_of_the_compiler(tmp_path: Path) -> None:
    write(tmp_path, {"bad.c": "int main(void) { return missing; }\n"})
    done = tyrne("cc", "bad.c", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("bad.c:1:25: error: use of undeclared identifier 'missing'\n")


def test_several_sources_are_compiled_each_to_its_own_output(tmp_path: Path) -> None:
    write(tmp_path, {**SUM, "both": "-c -O2 main.c sum.c"})
    built("cc", "@both", cwd=tmp_path)
    built("cc", "main.o", "sum.o", "-o", "total", cwd=tmp_path)
    assert told(run(tmp_path / "total")) == ("5050\n", 0)
    assert built("cc", "-MM", "sum.c", "main.c", cwd=tmp_path) == "sum.o: sum.c sum.h\nmain.o: main.c sum.h\n"
    (tmp_path / "sum.c").write_text("wrong\n")
    done = tyrne("cc", "-S", "sum.c", "main.c", cwd=tmp_path)
    assert (done.returncode, (tmp_path / "main.s").is_file(), (tmp_path / "sum.s").exists()) == (1, True, False)
    one = tyrne("cc", "-c", "sum.c", "main.c", "-o", "one.o", cwd=tmp_path)
    assert (one.returncode, one.stderr) == (
        2, "tyrne: error: several sources cannot be compiled to one file; leave -o out, or name one of them\n"
    )  # fmt: skip


@pytest.mark.parametrize("name", ["a.c", pytest.param("a.cc", marks=pytest.mark.more), "a.s", "a.S"])
def test_no_flag_of_ours_is_warned_of(tmp_path: Path, name: str) -> None:
    write(tmp_path, {name: "" if name[-1] in "sS" else "int main(void);\n", "main.c": HELLO})
    built("cc", "-Wall", "-Wextra", "-Werror", "-c", name, "-o", "made", cwd=tmp_path)
    tool = "c++" if name == "a.cc" else "cc"
    built(tool, "-Wall", "-Wextra", "-Werror", "main.c", name, "-o", "made", cwd=tmp_path)


@pytest.mark.parametrize("mode", [["-E"], ["-S"], ["-c"], ["-c", "-flto"], ["-MM"], []])
def test_a_device_that_is_named_as_output_stays_one(tmp_path: Path, mode: list[str]) -> None:
    write(tmp_path, {"hello.c": HELLO})
    (tmp_path / "device").symlink_to("/dev/null")
    built("cc", *mode, "hello.c", "-o", "device", cwd=tmp_path)
    assert (tmp_path / "device").is_symlink()


def test_assembly_goes_to_standard_output_and_a_check_of_the_syntax_nowhere(tmp_path: Path) -> None:
    write(tmp_path, {"hello.c": HELLO, "bad.c": "int main(void) { return missing; }\n"})
    assert "main:" in built("cc", "-S", "hello.c", "-o", "-", cwd=tmp_path)
    assert built("cc", "-fsyntax-only", "hello.c", cwd=tmp_path) == ""
    assert tyrne("cc", "-fsyntax-only", "bad.c", "hello.c", cwd=tmp_path).returncode == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.c", "hello.c"]


def test_standard_input_is_the_compilers(tmp_path: Path) -> None:
    built("cc", "-x", "c", "-", "-o", "hello", cwd=tmp_path, input=HELLO)
    assert told(run(tmp_path / "hello")) == ("hello\n", 0)


def test_optimising_keeps_assertions_and_dates_and_what_a_user_says_wins(tmp_path: Path) -> None:
    source = "#include <stdio.h>\n#include <assert.h>\nint main(void) { assert(!__DATE__[0]); puts(__TIME__); }\n"
    write(tmp_path, {"a.c": source})
    for name, flags in (("checked", []), ("unchecked", ["-DNDEBUG"])):
        built("cc", "-O2", *flags, "-c", "a.c", "-o", f"{name}.o", cwd=tmp_path)
        built("cc", f"{name}.o", "-o", name, cwd=tmp_path)
    assert told(run(tmp_path / "checked"))[1] == 134
    assert told(run(tmp_path / "unchecked"))[1] == 0


def test_what_c_leaves_undefined_is_no_trap_unless_somebody_asks(tmp_path: Path) -> None:
    write(tmp_path, {"a.c": "int main(int n, char **v) { int x = 2147483647; x += n; return x > 0; }\n"})
    built("cc", "a.c", "-o", "plain", cwd=tmp_path)
    built("cc", "-fsanitize=undefined", "-fsanitize-trap=undefined", "a.c", "-o", "asked", cwd=tmp_path)
    assert told(run(tmp_path / "plain")) == ("", 0)
    assert told(run(tmp_path / "asked"))[1] != 0


def test_python_in_the_folder_of_a_project_is_no_part_of_the_driver(tmp_path: Path) -> None:
    write(tmp_path, {"hello.c": HELLO} | {f"{name}.py": "raise SystemExit(9)\n" for name in ("shlex", "tyrne")})
    built("cc", "hello.c", cwd=tmp_path)


# --- when the note is linked


@pytest.mark.parametrize(
    "words",
    [
        "a.c", "a.o", "-o a a.c", "-x c -", "-MMD a.c", "-I ./-c a.c", "-Wl,-s a.c", "-Xlinker -s a.c", "a.h a.c",
        "@links",
    ],
)  # fmt: skip
def test_an_executable_gets_the_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    monkeypatch.chdir(write(tmp_path, {"links": "'-o' \"a b\" a.o"}))
    assert str(note_object()) in steps("cc", words.split())[0].words


@pytest.mark.parametrize(
    "words",
    [
        "", "-v", "--version", "-c a.c", "-E a.c", "-S a.c", "-M a.c", "-MM a.c", "-r a.o", "-shared a.o", "a.h",
        "-print-file-name=libc.a", "-Wl,-r a.o", "-Xlinker --relocatable a.o", "-o a", "-target x86_64-linux-musl a.c",
        "--target=x86_64-linux-musl a.c", "-fsyntax-only a.c", "@compiles", "@nested",
    ],
)  # fmt: skip
def test_what_is_no_executable_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    monkeypatch.chdir(write(tmp_path, {"compiles": "-c a.c", "nested": "@compiles @nested"}))
    assert str(note_object()) not in steps("cc", words.split())[0].words


@pytest.mark.parametrize("words", [["-o", "a b", '-DX="y z"', "", "@none", "--", "-weird"], ["-c", "é.c"], ["-la"] * 9])
def test_the_words_of_a_user_stand_last_and_as_they_were(words: list[str]) -> None:
    for tool in ("cc", "c++", "ar", "ranlib"):
        assert steps(tool, words)[-1].words[-len(words) :] == words


# --- tools that call it


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_builds_with_it_as_cc(tmp_path: Path) -> None:
    write(tmp_path, {**SUM, "Makefile": MAKEFILE})
    words = ["make", "CC=tyrne cc", "AR=tyrne ar", "RANLIB=tyrne ranlib"]
    subprocess.run(words, cwd=tmp_path, env=on_path(tmp_path), check=True, capture_output=True)
    assert told(run(tmp_path / "total")) == ("5050\n", 0)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_a_makefile_that_includes_the_flags_needs_no_driver(tmp_path: Path) -> None:
    flags = built("cc", "--print-flags", cwd=tmp_path)
    rule = "a: main.c sum.c\n\t$(CC) $(TYRNE_CFLAGS) main.c sum.c $(TYRNE_LDFLAGS) -o a\n"
    write(tmp_path, {**SUM, "tyrne.mk": flags, "Makefile": f"include tyrne.mk\n{rule}"})
    subprocess.run(["make"], cwd=tmp_path, check=True, capture_output=True)
    assert told(run(tmp_path / "a")) == ("5050\n", 0)


def test_what_a_configure_script_asks_is_answered_as_by_a_compiler(tmp_path: Path) -> None:
    environment = {**on_path(tmp_path), "CC": "tyrne cc"}
    done = subprocess.run(["sh", "-c", CONFIGURE], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("cmake") is None, reason="cmake is not installed: apt install cmake")
def test_cmake_builds_with_the_toolchain_file(tmp_path: Path) -> None:
    project = (
        "cmake_minimum_required(VERSION 3.16)\nproject(total C)\ninclude(CheckFunctionExists)\n"
        "check_function_exists(qsort HAVE_QSORT)\ncheck_function_exists(no_such HAVE_NO_SUCH)\n"
        "if(NOT HAVE_QSORT OR HAVE_NO_SUCH)\n  message(FATAL_ERROR wrong)\nendif()\n"
        "add_library(sum sum.c)\nadd_executable(total main.c)\ntarget_link_libraries(total sum)\n"
    )
    write(tmp_path, {**SUM, "CMakeLists.txt": project})
    assert built("cc", "--toolchain", "tyrne.cmake", cwd=tmp_path) == ""
    for words in (["-B", "out", "-DCMAKE_TOOLCHAIN_FILE=tyrne.cmake"], ["--build", "out"]):
        done = subprocess.run(["cmake", *words], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert told(run(tmp_path / "out" / "total")) == ("5050\n", 0)


# --- what is refused


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--print-flags", "a.c"], "--print-flags stands alone; see tyrne cc --help"),
        (["--print-flags="], "--print-flags stands alone; see tyrne cc --help"),
        (["--toolchain"], "--toolchain takes one file to write, and nothing beside it; see tyrne cc --help"),
        (["--toolchain", "a", "b"], "--toolchain takes one file to write, and nothing beside it; see tyrne cc --help"),
        (["--toolchain="], "--toolchain takes one file to write, and nothing beside it; see tyrne cc --help"),
        (["--toolchain", "no/a"], "no/a: there is no directory no; make it first"),
        (["--toolchain=."], ".: is a directory; name a file"),
    ],
)
def test_a_wrong_word_for_the_drivers_own_options_is_one_line(tmp_path: Path, words: list[str], expected: str) -> None:
    done = tyrne("cc", *words, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"tyrne: error: {expected}\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", ["cc a.c", "c++ a.cc", "ar t a.a", "cc --print-flags", "cc --toolchain a"])
def test_without_ziglang_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], words: str
) -> None:
    monkeypatch.setattr("tyrne.linux.driver.find_spec", lambda _: None)
    assert run_arguments(words.split()) == 2
    mend = "tyrne: error: ziglang: the compiler's back end is not installed; run: pip install ziglang\n"
    assert capfd.readouterr().err == mend
