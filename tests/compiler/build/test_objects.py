"""Units to objects: the stack bound, errors with places, determinism, images. The units here are C written by hand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from tyrne.compiler import CompileError, Unit
from tyrne.compiler.build import AssemblyUse, build_objects, image_bytes, link_kernel
from tyrne.compiler.build.toolchain import run_tool

CODE = """\
typedef unsigned int u32;
typedef unsigned long u64;
#define APART static __attribute__((noinline))
void k_panic(u32 kind, u32 file, u32 line);
__attribute__((noinline, cold)) static _Noreturn void kp_panic(u32 kind, u32 file, u32 line)
{ k_panic(kind, file, line); for (;;); }
u64 helper(u64 a);
#line 10 "kernel/stack.py"
APART u64 deep(u64 a) { volatile u64 words[100]; words[a & 63] = a; return words[3]; }
APART u64 shallow(u64 a) { volatile u64 words[10]; words[a & 7] = a; return words[3]; }
APART u64 either(u64 a) { return (a > 3 ? deep(a) : shallow(a)) + 1; }
u64 k_first(u64 a) { return either(a) + shallow(a); }
u64 k_second(u64 a) { if (a == 3) kp_panic(1, 2, 3); return shallow(a) + helper(a); }
void k_panic(u32 kind, u32 file, u32 line) { if (deep(kind) == 7) kp_panic(kind, file, line); }
"""


def unit(code: str, offsets: str = "") -> Unit:
    return Unit(c=code, offsets=offsets, declarations="", types={}, files=(), inputs=())


def test_tools_run_where_the_folder_for_temporary_files_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "gone"))
    (tmp_path / "a.S").write_text("nop\n")
    assert run_tool("clang", ["--target=aarch64-none-elf", "-c", "a.S", "-o", "a.o"], tmp_path) == ""
    assert (tmp_path / "a.o").is_file()


def test_the_stack_bound_is_the_deepest_chain_of_calls() -> None:
    bounds = {bound.entry: bound for bound in build_objects(unit(CODE)).bounds}
    names = [step.split(" ")[0] for step in bounds["k_first"].path]
    assert names == ["k_first", "either", "deep"]
    assert 800 + 16 * 2 <= bounds["k_first"].bytes <= 800 + 64 * 3
    assert "kernel/stack.py:10" in bounds["k_first"].path[2]


def test_the_panic_handler_counts_once_below_what_can_panic() -> None:
    bounds = {bound.entry: bound for bound in build_objects(unit(CODE)).bounds}
    assert [step.split(" ")[0] for step in bounds["k_second"].path] == ["k_second", "kp_panic", "deep"]


def test_assembly_counts_as_declared() -> None:
    plain = {bound.entry: bound for bound in build_objects(unit(CODE)).bounds}
    heavy = {
        bound.entry: bound for bound in build_objects(unit(CODE), assembly_stack={"helper": AssemblyUse(5000)}).bounds
    }
    assert heavy["k_second"].bytes > 5000 > plain["k_second"].bytes
    assert heavy["k_second"].path[-1] == "helper (assembly, 5000 bytes)"


def test_assembly_that_calls_back_counts_with_what_it_calls() -> None:
    used = {"helper": AssemblyUse(272, ("k_first",))}
    bounds = {bound.entry: bound for bound in build_objects(unit(CODE), assembly_stack=used).bounds}
    names = [step.split(" ")[0] for step in bounds["k_second"].path]
    assert names == ["k_second", "helper", "k_first", "either", "deep"]


def test_a_stack_that_is_too_small_fails_with_the_path() -> None:
    with pytest.raises(CompileError) as error:
        build_objects(unit(CODE), stack_limit=512, assembly_stack={"helper": AssemblyUse(5000)})
    assert re.match(r"k_second: needs up to 50\d\d bytes of stack, there are 512; ", str(error.value))
    assert "k_second (kernel/stack.py:14, " in str(error.value) and "-> helper (assembly, 5000 b" in str(error.value)


def test_recursion_in_machine_code_is_refused() -> None:
    code = "int k_g(int a);\n__attribute__((noinline)) int k_f(int a) { volatile int b = a; return k_g(b) + 1; }\n"
    code += "__attribute__((noinline)) int k_g(int a) { volatile int b = a; return k_f(b) + 1; }\n"
    with pytest.raises(CompileError, match="recursion: k_f -> k_g -> k_f"):
        build_objects(unit(code))


def test_a_call_through_a_pointer_is_refused() -> None:
    with pytest.raises(CompileError, match="k_f calls through a pointer"):
        build_objects(unit("int k_f(int (*f)(void)) { return f() + 1; }\n"))


def test_a_diagnostic_of_clang_names_the_python_line() -> None:
    with pytest.raises(CompileError) as error:
        build_objects(unit('#line 7 "kernel/wrong.py"\nint k_f(void) { return missing; }\n'))
    assert str(error.value) == "kernel/wrong.py:7: use of undeclared identifier 'missing'"


ENTRY = """\
        .section .text.boot, "ax"
        .global _start
_start: mov     x0, #FRAME_PC
        adrp    x1, manifest_start
        add     x1, x1, :lo12:manifest_start
        b       k_first
        .global helper
helper: ret
"""
SCRIPT = """\
ENTRY(_start)
SECTIONS {
  . = 0xffff000040080000;
  .text : AT(ADDR(.text) - 0xffff000000000000) { *(.text.boot) *(.text*) }
  . = ALIGN(4096);
  .manifest : AT(ADDR(.manifest) - 0xffff000000000000) { KEEP(*(.manifest)) }
  .bss : { *(.bss*) }
  /DISCARD/ : { *(.eh_frame*) *(.comment) }
}
"""


def built(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small image built from nothing in a folder of its own, with a cache of its own."""
    folder.mkdir()
    monkeypatch.setenv("TYRNE_CACHE", str(folder / "cache"))
    entry, script = folder / "entry.S", folder / "board.ld"
    entry.write_text(ENTRY)
    script.write_text(SCRIPT)
    objects = build_objects(unit(CODE, "#define FRAME_PC 264\n"), [entry])
    return link_kernel(objects.files, script, b"TYRNEMF1" + bytes(4088))


def test_two_clean_builds_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = built(tmp_path / "one", monkeypatch).read_bytes()
    second = built(tmp_path / "another-place", monkeypatch).read_bytes()
    assert first == second
    assert str(tmp_path).encode() not in first


def test_assembly_sees_the_offsets_and_the_image_holds_the_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elf = built(tmp_path / "one", monkeypatch)
    image = image_bytes(elf)
    assert image[:4] == (0xD2800000 | 264 << 5).to_bytes(4, "little")  # movz x0, #264
    assert image[-4096:] == b"TYRNEMF1" + bytes(4088)
    with elf.open("rb") as stream:
        symbols = {s.name: s["st_value"] for s in ELFFile(stream).get_section_by_name(".symtab").iter_symbols()}
    assert symbols["manifest_start"] % 4096 == 0
    assert symbols["manifest_end"] - symbols["manifest_start"] == 4096


def test_a_missing_symbol_is_an_error_of_the_link(tmp_path: Path) -> None:
    script = tmp_path / "board.ld"
    script.write_text("ENTRY(k_f)\nSECTIONS { . = 0x1000; .text : { *(.text*) } }\n")
    objects = build_objects(unit("int absent(void);\nint k_f(void) { return absent() + 1; }\n"))
    with pytest.raises(CompileError, match="link: undefined symbol: absent"):
        link_kernel(objects.files, script, bytes(4096))
