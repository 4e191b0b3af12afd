"""The kernel stays small enough to be read, each file of it fits in the head, and its index names them all."""

import re
from pathlib import Path

import tyrne
import tyrne.kernel
from assurance.scorecard.lines import lines_of_code

KERNEL = sorted((Path(tyrne.__file__).parent / "kernel").glob("*.py"))


def test_the_kernel_has_at_most_3430_lines_of_code() -> None:
    assert sum(map(lines_of_code, KERNEL)) <= 3430


def test_no_file_of_the_kernel_has_more_than_300_lines_of_code() -> None:
    assert not [path.name for path in KERNEL if lines_of_code(path) > 300]


def test_the_index_of_the_kernel_names_each_file_once() -> None:
    rows = [line for line in (tyrne.kernel.__doc__ or "").splitlines() if line.startswith("| ")]
    assert sorted(re.findall(r"\w+\.py", "".join(rows))) == [p.name for p in KERNEL if p.name != "__init__.py"]
