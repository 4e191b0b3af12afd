"""The kernel knows no architecture: what a trap means, how a page is mapped and what registers there are comes from the
board. Its files are read as text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tyrne

ROOT = Path(tyrne.__file__).parent
FILES = sorted(str(path.relative_to(ROOT)) for part in ("kernel", "boot") for path in (ROOT / part).rglob("*.py"))

IMPORT = r"tyrne\.hal\.aarch64|\baarch64\b|\bAArch64\b"
SYSTEM_REGISTER = (
    r"\b(?:ESR|FAR|ELR|SPSR|TTBR[01]?|TCR|MAIR|SCTLR|CPACR|DAIF|NZCV|PSTATE|FPCR|FPSR|TPIDR)(?:_EL[0-3])?\b"
)
REGISTER = r"\b[xwqdv](?:[0-9]|[12][0-9]|3[01])\b|\bframe\.x\b|\b(?:pstate|fpcr|fpsr|tpidr)\b"
INSTRUCTION = r"\b(?:SVC|ERET|TLBI|DSB|DMB|ISB|MRS|MSR|WFI|HLT|BRK)\b|\bEL[0-3]\b"
DESCRIPTOR = r"\b(?:VALID|ACCESS_FLAG|NOT_GLOBAL|PXN|UXN|AP_USER|AP_READ_ONLY|OWNED_BIT|PAGE_ADDRESS|level_index)\b"
FIELD_WIDTH = r"\basid\b\)? *(?:<<|>>|&|\|)|FFF_F000\b|\b(?:39|30|21)\b|>> 12\b|<< 12\b"
"""Where a level, or a field with an ASID, begins."""

WORDS = re.compile("|".join([IMPORT, SYSTEM_REGISTER, REGISTER, INSTRUCTION, DESCRIPTOR, FIELD_WIDTH]))


def words(text: str) -> list[str]:
    return WORDS.findall(text)


@pytest.mark.parametrize("name", FILES)
def test_a_file_says_nothing_of_an_architecture(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()
    assert [f"{name}:{number}: {line}" for number, line in enumerate(lines, 1) if words(line)] == []


@pytest.mark.parametrize(
    "line",
    [
        "from tyrne.hal.aarch64.descriptors import TABLE",
        "ESR_EL1 of its fault",
        "syndrome, as in FAR",
        "self.frame.x[0]",
        "x5 = sender.message",
        "TTBR0",
        "entry & PXN",
        "u64(asid) << 48",
        "shift = 39 - level * 9",
        "descriptor & 0x0000_FFFF_FFFF_F000",
        "what EL0 sees",
    ],
)
def test_such_words_are_found(line: str) -> None:
    assert words(line)
