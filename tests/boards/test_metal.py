"""The booted image: where it may start, what its tables allow, and how it panics."""

import json
import re
import socket
import subprocess
import time
from pathlib import Path

import pytest
from metal import MACHINE, SEMIHOSTING, boot, kernel_with, patched, symbols
from table_walk import check_no_page_is_writable_and_executable, leaves

from tyrne.boards.qemu_virt.memory_map import DIRECT_MAP, RAM_START
from tyrne.compiler.build import build_user_program
from tyrne.system import limits
from tyrne.system.build import kernel_elf
from tyrne.system.qemu import emulator
from tyrne.system.select import load_system, select

pytestmark = pytest.mark.qemu

HELLO = Path(__file__).parents[2] / "programs" / "hello.S"
GREETING = "hello from userspace\n"
MOV_SP_X2 = 0x9100_005F
TLBI_VMALLE1 = 0xD508_871F
BRK = 0xD420_0000
HLT, SMC, HVC, UNDEFINED = 0xD45E_0000, 0xD400_0003, 0xD400_0002, 0
"""HLT #0xf000, SMC #0, HVC #0, UDF #0."""
SP_BELOW_STACK = 0xD140_105F
"""SUB sp, x2, #0x4000: with x2 the end of the kernel stack, the next push is in the guard page."""


def program(folder: Path, name: str, body: str) -> Path:
    """The ELF of a program in assembly; `exit` ends it with the code in x0."""
    source = folder / f"{name}.S"
    source.write_text(
        '#include "tyrne.h"\n.macro exit\nmov x8, #TYRNE_CALL_TASK_EXIT\nsvc #0\n.endm\n'
        ".macro yield_\nmov x8, #TYRNE_CALL_TASK_YIELD\nsvc #0\n.endm\n"
        f".text\n.global _start\n_start:\n{body}\n"
    )
    return build_user_program(source)


@pytest.fixture(scope="module")
def hello() -> Path:
    return kernel_with([build_user_program(HELLO)])


@pytest.mark.parametrize("machine", ["virt", "virt,virtualization=on"], ids=["EL1", "EL2"])
def test_the_kernel_boots_from_el1_and_from_el2(machine: str, hello: Path) -> None:
    outcome = boot(hello, machine)
    assert outcome.status == 0, outcome.serial
    assert GREETING in outcome.serial
    assert "panic" not in outcome.serial


def test_a_start_at_el3_parks(hello: Path) -> None:
    """The kernel expects firmware to have left EL3: it stops without a word."""
    with pytest.raises(subprocess.TimeoutExpired) as stopped:
        boot(hello, "virt,secure=on", seconds=2)
    assert not stopped.value.stdout


def test_other_cores_stay_parked(hello: Path) -> None:
    outcome = boot(hello, options=[*SEMIHOSTING, "-smp", "2"])
    assert outcome.status == 0
    assert outcome.serial.count(GREETING) == 1


def test_a_system_may_be_larger_than_what_the_code_of_the_kernel_reaches(tmp_path: Path) -> None:
    """Code and data of the kernel lie within 1 MiB of each other; the end of a manifest need not."""
    large = f"""
        adr     x1, 1f
        mov     x0, #0
        mov     x2, #{len(GREETING)}
        mov     x8, #TYRNE_CALL_CONSOLE_WRITE
        svc     #0
        mov     x0, #0
        exit
1:      .ascii  "hello from userspace\\n"
        .section .rodata
        .fill   0x180000, 1, 7
"""
    outcome = boot(kernel_with([program(tmp_path, "large", large)]))
    assert outcome.status == 0
    assert GREETING in outcome.serial


def memory_of_running(elf: Path, folder: Path) -> bytes:
    """All RAM of a machine whose task runs for ever, taken through QEMU's monitor."""
    path, dump = folder / "monitor", folder / "ram"
    command = [*emulator(), "-M", "virt", *MACHINE, *SEMIHOSTING, "-serial", f"file:{folder / 'serial'}"]
    command += ["-qmp", f"unix:{path},server=on,wait=off", "-kernel", str(elf)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as machine:
        try:
            deadline = time.monotonic() + 20
            while GREETING not in ((folder / "serial").read_text() if (folder / "serial").exists() else ""):
                assert time.monotonic() < deadline and machine.poll() is None
                time.sleep(0.05)
            with socket.socket(socket.AF_UNIX) as monitor:
                monitor.connect(str(path))
                answers = monitor.makefile()
                answers.readline()
                size = limits.RAM
                for execute, arguments in (
                    ("qmp_capabilities", {}),
                    ("stop", {}),
                    ("pmemsave", {"val": int(RAM_START), "size": size, "filename": str(dump)}),
                ):
                    monitor.sendall(json.dumps({"execute": execute, "arguments": arguments}).encode())
                    while "return" not in json.loads(answers.readline()):
                        pass
        finally:
            machine.kill()
    return dump.read_bytes()


FOREVER = f"""
        mov     x0, #0
        adr     x1, 2f
        mov     x2, #{len(GREETING)}
        mov     x8, #TYRNE_CALL_CONSOLE_WRITE
        svc     #0
1:      b       1b
2:      .ascii  "hello from userspace\\n"
"""


@pytest.mark.promise(
    "No page is writable and executable, for user programs and for the kernel alike",
    "There is no second, writable mapping of the text",
    "The lower half holds the running task and nothing else",
)
def test_no_page_of_the_running_machine_is_writable_and_executable(tmp_path: Path) -> None:
    """Both halves are read from RAM: the kernel's for ever, and the low one of the boot, which must be empty."""
    elf = kernel_with([program(tmp_path, "forever", FOREVER)], max_instructions=0)
    ram = memory_of_running(elf, tmp_path)

    def read64(address: int) -> int:
        offset = address - int(RAM_START)
        return int.from_bytes(ram[offset : offset + 8], "little")

    at = {name: value - int(DIRECT_MAP) for name, value in symbols(elf).items() if value >= DIRECT_MAP}
    tables = at["boot_tables"]
    assert list(leaves(read64, tables)) == []
    mapped = list(leaves(read64, tables + 4 * 4096, 0xFFFF << 48))
    check_no_page_is_writable_and_executable(mapped)
    assert not any(leaf.user for leaf in mapped)
    code = {leaf.physical for leaf in mapped if leaf.executable}
    assert code == set(range(at["image_start"], at["constants_start"], 4096))
    pages = {p for leaf in mapped for p in range(leaf.physical, leaf.physical + leaf.size, 4096)}
    assert pages.isdisjoint({at["kernel_guard"], at["emergency_guard"]})


@pytest.mark.promise("Guard pages lie below its stacks")
def test_an_overflow_of_the_kernel_stack_hits_the_guard_page_and_is_reported(hello: Path, tmp_path: Path) -> None:
    """The image is changed so that the first trap finds its stack used up."""
    vectors = symbols(hello)["vectors"]
    broken = patched(hello, vectors + 0x400, 0x80, MOV_SP_X2, SP_BELOW_STACK, tmp_path / "kernel.elf")
    outcome = boot(broken)
    assert outcome.status == 3
    assert "!! tyrne panic: exception in the kernel: data abort in the guard page" in outcome.serial
    guard = symbols(hello)["kernel_guard"]
    (address,) = re.findall(r"far=([0-9a-f]{16})", outcome.serial)
    assert guard <= int(address, 16) < guard + 4096
    assert len(re.findall(r" x\d+=[0-9a-f]{16}", outcome.serial)) == 31


@pytest.mark.promise(
    "No register value and no program may stop the kernel: a kernel panic is by definition a defect of Tyrne, "
    "and ends the machine with a report instead of going on"
)
@pytest.mark.parametrize("debug", [False, True], ids=["optimised", "for gdb"])
def test_a_failed_check_is_reported_with_its_python_line(debug: bool, tmp_path: Path) -> None:
    """The manifest's magic is broken: the kernel asserts it."""
    good = kernel_elf(load_system(select([HELLO])), debug=debug)
    content = good.read_bytes()
    assert content.count(b"TYRNEMF2") >= 1
    broken = tmp_path / "kernel.elf"
    at = content.rindex(b"TYRNEMF2")
    broken.write_bytes(content[:at] + b"NOTTYRNE" + content[at + 8 :])
    outcome = boot(broken)
    assert outcome.status == 3
    assert re.search(r"!! tyrne panic: .* at \S*tyrne/boot/\w+\.py:\d+\n", outcome.serial)
    assert len(re.findall(r" x\d+=[0-9a-f]{16}", outcome.serial)) == 31


def test_an_exception_before_the_mmu_is_on_is_reported(hello: Path, tmp_path: Path) -> None:
    """The image is changed to stop at a breakpoint while it still runs at its physical address."""
    start = symbols(hello)["_start"]
    broken = patched(hello, start, 0x800, TLBI_VMALLE1, BRK, tmp_path / "kernel.elf")
    outcome = boot(broken, seconds=10)
    assert outcome.status == 3
    assert outcome.serial.startswith("!! tyrne panic: exception before the MMU is on\n esr=00000000f2000000 ")
    assert re.search(r" pc=0000000040080[0-9a-f]{3} ", outcome.serial)


@pytest.mark.parametrize("machine", ["virt", "virt,virtualization=on"], ids=["HVC", "SMC"])
def test_without_semihosting_the_firmware_switches_the_machine_off(machine: str, hello: Path) -> None:
    outcome = boot(hello, machine, options=[], seconds=30)
    assert outcome.status == 0
    assert GREETING in outcome.serial and "tyrne: all tasks complete" in outcome.serial
    assert "panic" not in outcome.serial


@pytest.mark.parametrize("machine", ["virt", "virt,virtualization=on"], ids=["EL1", "EL2"])
def test_without_semihosting_and_firmware_the_machine_waits_for_ever(machine: str, hello: Path, tmp_path: Path) -> None:
    names = symbols(hello)
    start, length = names["leave_machine"], names["leave_machine_end"] - names["leave_machine"]
    alone = patched(hello, start, length, SMC, UNDEFINED, tmp_path / "no-smc.elf")
    alone = patched(alone, start, length, HVC, UNDEFINED, tmp_path / "alone.elf")
    with pytest.raises(subprocess.TimeoutExpired) as stopped:
        boot(alone, machine, options=[], seconds=3)
    serial = (stopped.value.stdout or b"").decode()
    assert "tyrne: all tasks complete" in serial and "panic" not in serial


def test_a_panic_inside_a_panic_parks(hello: Path, tmp_path: Path) -> None:
    """The end of the machine is changed to a breakpoint, which is so the end of the report on it."""
    names = symbols(hello)
    start, length = names["leave_machine"], names["leave_machine_end"] - names["leave_machine"]
    broken = patched(hello, start, length, HLT, BRK, tmp_path / "kernel.elf")
    with pytest.raises(subprocess.TimeoutExpired) as stopped:
        boot(broken, seconds=3)
    assert (stopped.value.stdout or b"").decode().count("panic") == 1


def test_a_traced_kernel_that_panics_sends_its_report_and_status(tmp_path: Path) -> None:
    good = kernel_elf(load_system(select([build_user_program(HELLO)])), traced=True)
    content = good.read_bytes()
    at = content.rindex(b"TYRNEMF2")
    broken, trace = tmp_path / "kernel.elf", tmp_path / "trace"
    broken.write_bytes(content[:at] + b"NOTTYRNE" + content[at + 8 :])
    chardev = [
        "-chardev",
        f"file,id=trace,path={trace}",
        "-semihosting-config",
        "enable=on,target=native,chardev=trace",
    ]
    outcome = boot(broken, options=chardev)
    *_, report, end = [line.split() for line in trace.read_text().splitlines()]
    assert outcome.status == 3
    assert report[0] == "P" and end[:2] == ["E", "3"]
    told = b"".join(bytes.fromhex(line[2:]) for line in trace.read_text().splitlines() if line.startswith("P "))
    assert told.decode() == outcome.serial[outcome.serial.index("!! tyrne panic") :]


SCRUBBED = (
    "".join(f"orr x0, x0, x{n}\n" for n in range(1, 31))
    + "".join(f"mrs x1, {name}\n orr x0, x0, x1\n" for name in ("tpidr_el0", "tpidrro_el0", "nzcv", "fpcr", "fpsr"))
    + "".join(f"orr v0.16b, v0.16b, v{n}.16b\n" for n in range(1, 32))
    + """
        umov    x1, v0.d[0]
        umov    x2, v0.d[1]
        orr     x0, x0, x1
        orr     x0, x0, x2
        cmp     x0, #0
        cset    x0, ne
        exit
"""
)


def test_every_register_is_zero_at_first_entry(tmp_path: Path) -> None:
    outcome = boot(kernel_with([program(tmp_path, "scrubbed", SCRUBBED)]))
    assert outcome.status == 0, outcome.serial


def filler(seed: int, rounds: int) -> str:
    """Fill q0 to q31 with numbers of its own, yield, and exit with 1 when one of them has changed."""
    fill = "".join(f"mov x9, #{seed + n}\ndup v{n}.2d, x9\n" for n in range(32))
    compare = "".join(f"umov x9, v{n}.d[{half}]\ncmp x9, #{seed + n}\nb.ne 9f\n" for n in range(32) for half in (0, 1))
    return f"""
        mov     x19, #{rounds}
        {fill}
        mov     x9, #{seed << 16}
        msr     tpidr_el0, x9
        mov     x9, #0x01000000                 // FPCR.AHP..., a bit that is kept: flush to zero
        msr     fpcr, x9
1:      yield_
        {compare}
        mrs     x10, tpidr_el0
        mov     x9, #{seed << 16}
        cmp     x9, x10
        b.ne    9f
        mrs     x10, fpcr
        mov     x9, #0x01000000
        cmp     x9, x10
        b.ne    9f
        subs    x19, x19, #1
        b.ne    1b
        mov     x0, #0
        exit
9:      mov     x0, #1
        exit
"""


@pytest.mark.promise("floating point: its own registers, zero at first use", "floating point: no other task's")
def test_floating_registers_survive_switches_and_never_leak(tmp_path: Path) -> None:
    """Two tasks keep values of their own; between them a third starts late and finds zeros."""
    late = "mov x19, #3\n1: yield_\nsubs x19, x19, #1\nb.ne 1b\nmov x8, #0\nmsr nzcv, xzr\n" + SCRUBBED
    programs = [
        program(tmp_path, "first", filler(0x100, 8)),
        program(tmp_path, "late", late),
        program(tmp_path, "second", filler(0x200, 8)),
    ]
    outcome = boot(kernel_with(programs))
    assert outcome.status == 0, outcome.serial


def test_the_instruction_limit_ends_a_task_that_never_traps(tmp_path: Path) -> None:
    outcome = boot(kernel_with([program(tmp_path, "spin", "b _start")], max_instructions=1_000_000))
    assert outcome.status == 4, outcome.serial
