"""Whether a system keeps a policy: each way in which it may not, and what would keep it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tyrne.abi import Rights
from tyrne.inspect.reach.answers import Reach, Way, channel_text
from tyrne.inspect.reach.effects import Channel, path
from tyrne.inspect.reach.facts import Thing, rights_text
from tyrne.inspect.reach.policy import Line, Policy
from tyrne.inspect.reach.rules import RULES, START


@dataclass(frozen=True)
class Violation:
    """What a line of a policy denies, and may come about."""

    place: str
    what: str
    why: str
    """As the policy says."""
    steps: tuple[str, ...]
    mend: str


def violations(reach: Reach, policy: Policy) -> Iterator[Violation]:
    """One for each line and each task, or pair of tasks, at most; in the order of the lines."""
    for line in policy.deny:
        if line.object is not None:
            for task in reach.tasks:
                if line.is_about(task):
                    yield from _of_authority(reach, policy, line, task, line.object)
        elif line.flow is not None:
            for source in reach.tasks:
                for target in reach.tasks:
                    if source != target and line.joins(source, target):
                        yield from _of_words(reach, policy, line, source, target)


def _of_authority(reach: Reach, policy: Policy, line: Line, task: Thing, thing: Thing) -> Iterator[Violation]:
    for way in reach.ways(task, thing):
        wrong = _without_allowed(policy, line, way)
        if wrong is not None:
            allowed = f'[[allow]] task = "{_name(task)}", object = "{thing.text}"'
            mend = f"{_mend(reach, way)}; or, if it is meant, add {allowed}"
            yield Violation(line.place, _what(way, wrong), line.why, way.steps, mend)
            return


def _without_allowed(policy: Policy, line: Line, way: Way) -> Rights | None:
    """The rights of a way that a line denies, and nothing allows; None if that is none."""
    exempt = [each for each in policy.allow if each.object == way.thing and each.is_about(way.task)]
    if any(not each.rights for each in exempt):
        return None
    wrong = way.rights & line.rights if line.rights else way.rights
    for each in exempt:
        wrong &= ~each.rights
    return wrong or None


def _what(way: Way, rights: Rights) -> str:
    what = f"{way.thing.text}, {rights_text(rights, way.thing.kind)}"
    if way.through is not None:
        return f"{way.task.text} may act as {way.through.text}, which may have {what}"
    return f"{way.task.text} may {way.how} {what}"


def _mend(reach: Reach, way: Way) -> str:
    """How it would not come to that: by another last step, or another start."""
    if way.through is not None:
        return f"take away the right by which {way.task.text} may act as {way.through.text}"
    reason = reach.following.facts[way.facts[-1]]
    if reason.rule == START:
        return f"leave it out of the caps of {way.task.text}" if way.how == "hold" else "map it elsewhere"
    return RULES[reason.rule].mend.format(*reason.names)


def _of_words(reach: Reach, policy: Policy, line: Line, source: Thing, target: Thing) -> Iterator[Violation]:
    def passes(channel: Channel) -> bool:
        return not any(each.joins(channel.source, channel.target) for each in policy.allow)

    channels = path(reach.effects.tells, source, target, passes)
    if channels is not None:
        facts = [fact for channel in channels for fact in channel.premises]
        steps = (*reach.steps(facts), *map(channel_text, channels))
        last = channels[-1]
        allowed = f'[[allow]] flow = ["{_name(last.source)}", "{_name(last.target)}"]'
        mend = f"take away a right by which that is; or, if a channel is meant, allow it: {allowed}"
        yield Violation(line.place, f"words of {source.text} may come to {target.text}", line.why, steps, mend)


def _name(task: Thing) -> str:
    return task.text if task.made else task.name
