"""What a unit gives beside its C, for each target."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import cffi
import pytest
from cases import HEADER, Case, compile_case

from tyrne.compiler import RUNTIME, CompileError, Target, Unit
from tyrne.compiler.build.toolchain import wheel
from tyrne.compiler.translate import inputs, translate, translate_here

PANIC = """

@export
def panic(kind: u32, file: u32, line: u32) -> None:
    pass
"""
PLACES = """
class Mode(Enum):
    OFF = 0
    ON = 1


@dataclass(frozen=True)
class Pair:
    a: u64
    b: u8


class Inner:
    def __init__(self) -> None:
        self.flag: bool = False
        self.words: Array[u16] = Array.filled(3, u16(0))
        self.item: Pair | Mode | None = None


class Frame:
    def __init__(self) -> None:
        self.mode: Mode = Mode.OFF
        self.pair: Pair = Pair(u64(0), u8(0))
        self.inner: Inner = Inner()
        self.many: Array[Inner] = Array.of(2, lambda _: Inner())
        self.next: Frame | None = None
        self.fixed: Final = True
        self.last: u8 = u8(0)


FRAME: Final = Frame()


@export
def next_of(frame: Frame) -> Frame | None:
    return frame.next if FRAME.fixed else None
"""


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("golden")


def program(directory: Path, name: str, text: str) -> Path:
    path = directory / f"{name}.py"
    path.write_text(HEADER + text)
    return path


def test_offsets_are_those_of_the_c_compiler(tmp_path: Path) -> None:
    unit = translate_here(program(tmp_path, "metal_places", PLACES + PANIC), Target.METAL, {})
    offsets = dict(re.findall(r"#define (\w+) (\d+)", unit.offsets))
    assert set(offsets) >= {"SIZEOF_FRAME", "FRAME_MODE", "FRAME_INNER", "FRAME_LAST", "INNER_ITEM"}
    assert "FRAME_FIXED" not in offsets
    checks = [
        f"_Static_assert(offsetof({name}, {field.lower()}) == {offsets[f'{name.upper()}_{field}']}, \"\");"
        for name in ("Frame", "Inner")
        for field in [key.partition("_")[2] for key in offsets if key.startswith(f"{name.upper()}_")]
    ]
    checks += [f"_Static_assert(sizeof({n}) == {offsets[f'SIZEOF_{n.upper()}']}, \"\");" for n in ("Frame", "Inner")]
    source = tmp_path / "offsets.c"
    source.write_text(unit.c + "\n".join(checks))
    flags = ["-fsyntax-only", "--target=aarch64-none-elf", "-ffreestanding", "-std=gnu2x", "-nostdinc"]
    include = ["-isystem", str(wheel() / "lib" / "include"), "-I", str(RUNTIME)]
    command = [sys.executable, "-m", "ziglang", "clang", *flags, *include, str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(checks) >= 10


def test_cffi_reads_the_declarations(directory: Path) -> None:
    for name in ("extern", "references", "unions", "snapshot", "bytes"):
        unit = compile_case(Case("golden", name), directory)
        assert isinstance(unit, Unit)
        ffi = cffi.FFI()
        ffi.cdef(unit.declarations)


def test_schema_describes_every_type_and_global(directory: Path) -> None:
    unit = compile_case(Case("golden", "snapshot"), directory)
    assert isinstance(unit, Unit)
    node = unit.types["places"]["Node"]
    assert node["python"] == "golden_snapshot.Node"
    assert node["fields"][2] == {
        "python": "next",
        "c": "next",
        "type": {"kind": "reference", "name": "Node", "nullable": True},
    }
    assert unit.types["globals"]["WORLD"] == {
        "python": ["golden_snapshot.WORLD"],
        "type": {"kind": "place", "name": "World"},
    }
    assert unit.types["unions"]["Pair_or_None"]["alternatives"] == [
        {"tag": 1, "member": "as_pair", "type": {"kind": "value", "name": "Pair"}},
        {"tag": 0, "member": None, "type": {"kind": "none"}},
    ]
    assert unit.types["enums"]["Mode"]["members"] == {"OFF": 0, "ON": 1}
    assert unit.types["functions"] == {"f": {"parameters": [], "result": {"kind": "int", "bits": 64}}}


def test_a_user_program_needs_a_panic_function(directory: Path) -> None:
    result = compile_case(Case("golden", "arithmetic"), directory, Target.USER)
    assert isinstance(result, str)
    assert result.startswith("case.py:1: no panic function; write `import tyrne.user`, which has one")


def test_a_kernel_needs_none(directory: Path) -> None:
    assert isinstance(compile_case(Case("golden", "arithmetic"), directory, Target.METAL), Unit)


def test_a_panic_function_has_one_signature(tmp_path: Path) -> None:
    path = program(tmp_path, "odd_panic", PANIC.replace("kind: u32", "kind: u64"))
    with pytest.raises(CompileError, match="panic has another signature; write @export def panic"):
        translate_here(path, Target.USER, {})


def test_a_fresh_process_translates_with_the_options_of_the_build(tmp_path: Path) -> None:
    text = """
FAST: Final = option("fast", False)


@export
def f() -> u64:
    return u64(1) if FAST else u64(2)
"""
    path = program(tmp_path, "optional", text)
    assert "return 2;" in translate(path, Target.HOST).c
    unit = translate(path, Target.HOST, {"fast": True})
    assert "return 1;" in unit.c
    assert str(path) in unit.inputs and unit.files == ("optional.py",)
    assert set(inputs(path)) == set(unit.inputs)


def test_only_what_functions_use_becomes_part_of_a_machine_program(tmp_path: Path) -> None:
    text = PLACES.replace("FRAME: Final = Frame()", "FRAME: Final = Frame()\nUNUSED: Final = Inner()") + PANIC
    path = program(tmp_path, "unused_place", text)
    assert "UNUSED" not in translate_here(path, Target.METAL, {}).c
    assert "Inner UNUSED;" in translate_here(path, Target.HOST, {}).c


@pytest.mark.parametrize(
    ("root", "message"),
    [
        ("absent_module", "absent_module: no such module; give the name"),
        ("absent.py", "absent.py: no such file; give the path"),
    ],
)
def test_an_absent_root_is_an_error(root: str, message: str) -> None:
    with pytest.raises(CompileError, match=message):
        translate(root, Target.HOST)


def test_the_example_of_the_manual_is_in_the_language(tmp_path: Path) -> None:
    manual = Path(__file__).parents[2] / "docs" / "language.md"
    path = tmp_path / "manual_example.py"
    path.write_text(manual.read_text().partition("```python\n")[2].partition("```")[0])
    assert "k_count(u64 slot)" in translate_here(path, Target.HOST, {}).c
