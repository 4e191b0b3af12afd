"""Interrupt lines of the hosted machine."""

from tyrne.hosted.lines import Lines


def test_a_line_is_pending_while_it_is_raised_and_not_masked() -> None:
    seen: list[int | None] = []
    lines = Lines(lambda: seen.append(lines.pending))
    lines.set_level(48, True)
    assert lines.pending is None
    lines.unmask(48)
    assert lines.pending == 48
    lines.mask(48)
    assert lines.pending is None
    lines.unmask(48)
    lines.set_level(48, False)
    assert (lines.pending, seen) == (None, [48, None, 48, None])


def test_of_several_lines_the_lowest_comes_first() -> None:
    lines = Lines(lambda: None)
    for line in (72, 34, 56):
        lines.unmask(line)
        lines.set_level(line, True)
    assert lines.pending == 34
    lines.mask(34)
    assert lines.pending == 56
