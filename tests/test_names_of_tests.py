"""Files of tests have different names wherever they lie: pytest imports them by their names alone."""

from collections import Counter
from pathlib import Path


def test_no_two_files_of_tests_have_one_name() -> None:
    names = Counter(path.name for path in Path(__file__).parent.rglob("*.py"))
    twice = [name for name, count in names.items() if count > 1 and name not in ("__init__.py", "conftest.py")]
    assert not twice, f"rename one of each of these: {', '.join(twice)}"
