"""`tyrne reach`: what it says of systems of the project, policies that are kept or not, and wrong requests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import Tyrne

from tyrne.system.shipped import shipped
from tyrne.testing import run_system

GRANT = shipped("systems/grant.toml")
POLICIES = GRANT.parent / "policies"
KEPT = sorted(path.stem for path in POLICIES.glob("*.toml"))
RECEIVED = [
    "task grantor sends endpoint door, DERIVE|REVOKE|TRANSFER|SEND|RECV through endpoint channel (SEND, TRANSFER)",
    "task grantee receives endpoint door, DERIVE|REVOKE|TRANSFER|SEND|RECV from endpoint channel (RECV)",
]


def policy(folder: Path, text: str) -> Path:
    path = folder / "policy.toml"
    path.write_text(text)
    return path


def denied(folder: Path, text: str) -> Path:
    return policy(folder, f"[[deny]]\n{text}\n")


def errors(tyrne: Tyrne, path: Path) -> list[str]:
    """What is said of a wrong policy, without where it lies."""
    outcome = tyrne("reach", GRANT, "--policy", path)
    assert (outcome.status, outcome.out) == (2, "")
    return [line.removeprefix(f"tyrne: error: {path}:") for line in outcome.err.splitlines()]


# --- what it says


def test_it_says_how_something_comes_to_a_task(tyrne: Tyrne) -> None:
    outcome = tyrne("reach", GRANT, "grantee", "door")
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.splitlines()[1:] == [
        "task grantee may hold endpoint door, DERIVE|REVOKE|TRANSFER|SEND|RECV",
        f"  1. {RECEIVED[0]}",
        f"  2. {RECEIVED[1]}",
    ]


def test_it_says_what_can_never_be(tyrne: Tyrne) -> None:
    outcome = tyrne("reach", shipped("systems/disk.toml"), "writer-1", "memory ring_2")
    assert outcome.out.splitlines()[1:] == ["task writer-1 can never have memory ring_2"]


def test_of_another_task_it_says_what_may_be_done_to_it_and_how_words_come_there(tyrne: Tyrne) -> None:
    outcome = tyrne("reach", GRANT, "grantee", "task grantor")
    assert outcome.out.splitlines()[1:] == [
        "task grantee can never have task grantor",
        "words of task grantee may come to task grantor",
        *(f"  {number}. {step}" for number, step in enumerate(RECEIVED, 1)),
        "  3. words of task grantee come to task grantor by a message to endpoint door",
    ]


def test_without_names_it_shows_what_may_come_to_each_task(tyrne: Tyrne) -> None:
    lines = tyrne("reach", GRANT).out.splitlines()
    assert "task grantee may come to hold 4 objects, 2 of them with rights that it does not hold" in lines
    assert "endpoint door                          DERIVE|REVOKE|TRANSFER|SEND|RECV" in lines


def test_one_task_is_shown_alone_and_of_an_object_who_may_come_to_it(tyrne: Tyrne) -> None:
    assert "task grantor may" not in tyrne("reach", GRANT, "grantee").out
    assert tyrne("reach", shipped("systems/disk.toml"), "memory disk").out.splitlines()[1:] == [
        "task       may    rights",
        "task disk  hold   READ|WRITE",
        "task disk  touch  READ|WRITE",
    ]


def test_from_a_later_position_on_less_may_be(tyrne: Tyrne) -> None:
    assert "task grantee may come to hold 4 objects" in tyrne("reach", GRANT, "--at", "5").out
    assert "task grantee can never hold anything" in tyrne("reach", GRANT, "--at", "-1").out


def test_the_same_is_said_of_a_report(tyrne: Tyrne, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_text(json.dumps(run_system(GRANT).report()))
    assert tyrne("reach", report).out.splitlines()[1:] == tyrne("reach", GRANT).out.splitlines()[1:]


def test_json_has_the_same_as_data(tyrne: Tyrne) -> None:
    told = json.loads(tyrne("reach", GRANT, "grantee", "door", "--json").out)
    way = {"task": "task grantee", "how": "hold", "through": None, "steps": RECEIVED}
    assert told["ways"] == [way | {"rights": ["DERIVE", "REVOKE", "TRANSFER", "SEND", "RECV"]}]
    told = json.loads(tyrne("reach", GRANT, "--json").out)
    assert [task["task"] for task in told["tasks"]] == ["task grantor", "task grantee"]
    assert told["tasks"][1]["words_to"] == ["task grantor"]
    told = json.loads(tyrne("reach", GRANT, "grantee", "task grantor", "--json").out)
    assert told["words"][0]["by"] == ["words of task grantee come to task grantor by a message to endpoint door"]


# --- policies


@pytest.mark.parametrize("name", KEPT)
def test_a_system_of_the_project_keeps_its_policy(tyrne: Tyrne, name: str) -> None:
    path = POLICIES / f"{name}.toml"
    outcome = tyrne("reach", shipped(f"systems/{name}.toml"), "--policy", path)
    assert (outcome.status, outcome.err) == (0, "")
    assert f"{path}: kept, " in outcome.out


def test_what_a_policy_denies_is_told_with_its_line_its_steps_and_a_mend(tyrne: Tyrne, tmp_path: Path) -> None:
    path = denied(tmp_path, 'task = "grantee"\nobject = "door"\nrights = ["RECV"]\nwhy = "one serves"')
    outcome = tyrne("reach", GRANT, "--policy", path)
    assert (outcome.status, outcome.err) == (1, "")
    assert outcome.out.splitlines()[1:] == [
        f"{path}:1: task grantee may hold endpoint door, RECV (one serves)",
        f"  1. {RECEIVED[0]}",
        f"  2. {RECEIVED[1]}",
        "  to mend it: take TRANSFER from it where others hold it, or RECV over endpoint channel from task grantee; "
        'or, if it is meant, add [[allow]] task = "grantee", object = "endpoint door"',
        f"{path}: not kept, 1 violation",
    ]
    told = json.loads(tyrne("reach", GRANT, "--policy", path, "--json").out)
    assert [(each["place"], each["why"], each["steps"]) for each in told["violations"]] == [
        (f"{path}:1", "one serves", RECEIVED)
    ]


def test_what_is_denied_to_all_may_be_allowed_to_one(tyrne: Tyrne, tmp_path: Path) -> None:
    text = '[[deny]]\nobject = "door"\n[[allow]]\ntask = "grantor"\nobject = "door"\n'
    assert "task grantor" not in tyrne("reach", GRANT, "--policy", policy(tmp_path, text)).out.splitlines()[1]
    text += '[[allow]]\ntask = "grantee"\nobject = "door"\nrights = ["SEND", "TRANSFER", "DERIVE", "REVOKE"]\n'
    outcome = tyrne("reach", GRANT, "--policy", policy(tmp_path, text))
    assert ":1: task grantee may hold endpoint door, RECV\n" in outcome.out
    text = text.replace('"SEND", ', '"SEND", "RECV", ')
    assert tyrne("reach", GRANT, "--policy", policy(tmp_path, text)).status == 0


def test_what_a_task_has_by_acting_as_another_is_denied_too(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "nothing.bin").write_bytes(bytes(4))
    system = tmp_path / "system.toml"
    system.write_text(
        '[system]\nname = "two"\n'
        '[[task]]\nname = "master"\nprogram = "nothing.bin"\ncaps = [{ task = "worker", rights = ["CONFIGURE"] }]\n'
        '[[task]]\nname = "worker"\nprogram = "nothing.bin"\ncaps = [{ console = true }]\n'
    )
    text = '[[deny]]\nobject = "console"\n[[allow]]\ntask = "worker"\nobject = "console"\n'
    outcome = tyrne("reach", system, "--policy", policy(tmp_path, text))
    assert outcome.status == 1
    assert outcome.out.splitlines()[1:4] == [
        f"{tmp_path / 'policy.toml'}:1: task master may act as task worker, which may have console, CONSOLE_WRITE",
        "  1. task master acts as task worker by CONFIGURE over it",
        "  to mend it: take away the right by which task master may act as task worker; or, if it is meant, add "
        '[[allow]] task = "master", object = "console"',
    ]


def test_a_flow_is_denied_but_over_channels_that_are_allowed(tyrne: Tyrne, tmp_path: Path) -> None:
    path = denied(tmp_path, 'flow = ["grantee", "*"]')
    outcome = tyrne("reach", GRANT, "--policy", path)
    assert outcome.status == 1
    assert f"{path}:1: words of task grantee may come to task grantor" in outcome.out
    path.write_text(path.read_text() + '[[allow]]\nflow = ["grantee", "grantor"]\n')
    assert tyrne("reach", GRANT, "--policy", path).status == 0


def test_a_task_that_is_trusted_gives_nothing_away(tyrne: Tyrne, tmp_path: Path) -> None:
    path = denied(tmp_path, 'task = "grantee"\nobject = "door"')
    assert tyrne("reach", GRANT, "--policy", path).status == 1
    path.write_text(path.read_text() + '[[trust]]\ntask = "grantor"\n')
    outcome = tyrne("reach", GRANT, "--policy", path)
    assert outcome.status == 0
    assert outcome.out.splitlines()[1:] == [f"{path}: kept, 1 denial, if task grantor gives nothing away"]
    assert json.loads(tyrne("reach", GRANT, "--policy", path, "--json").out)["trusted"] == ["task grantor"]


def test_trust_in_a_task_as_which_another_may_act_is_void(tyrne: Tyrne, tmp_path: Path) -> None:
    path = denied(tmp_path, 'flow = ["crasher", "*"]')
    path.write_text(path.read_text() + '[[trust]]\ntask = "crasher"\n')
    outcome = tyrne("reach", shipped("systems/supervisor.toml"), "--policy", path)
    assert "gives nothing away" not in outcome.out


# --- wrong requests


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", '1: nothing is denied; add a [[deny]] with object = "…" or flow = ["…", "…"]'),
        ("[[denied]]\n", '1: unknown key "denied"; the keys are deny, allow, trust; did you mean "deny"?'),
        ('[[deny]]\nobjekt = "door"\n',
         '2: unknown key "objekt"; the keys are task, object, rights, flow, why; did you mean "object"?'),
        ("[[trust]]\n", '1: no "task"; add task = "client"'),
        ("[[deny]]\nobject = 3\n", '2: "object" has another type; write object = "memory disk"'),
        ("[[deny]]\n", '1: either object = "memory disk" or flow = ["client", "server"]; write one of them'),
        ('[[deny]]\nobject = "dor"\n', '2: no object "dor" there; did you mean "door"?'),
        ('[[deny]]\nobject = "door"\ntask = "grante"\n', '3: no task "grante" there; did you mean "grantee"?'),
        ('[[deny]]\nobject = "door"\nrights = ["READ"]\n',
         '3: no right "READ" over endpoint door; write some of DUPLICATE, DERIVE, REVOKE, TRANSFER, SEND, RECV'),
        ('[[deny]]\nflow = ["grantee"]\n', '2: a flow is from one task to another; write flow = ["client", "server"]'),
        ('[[deny]]\nflow = ["*", "*"]\ntask = "grantee"\n',
         "1: a flow has neither task nor rights; remove them, or write another table"),
    ],
)  # fmt: skip
def test_a_wrong_policy_is_told_with_its_line_and_its_mend(tyrne: Tyrne, tmp_path: Path, text: str, said: str) -> None:
    (line,) = errors(tyrne, policy(tmp_path, text))
    assert line == said


def test_what_is_no_toml_is_told_with_its_line(tyrne: Tyrne, tmp_path: Path) -> None:
    (line,) = errors(tyrne, policy(tmp_path, "[[deny]\n"))
    assert line.startswith("1: not TOML: ")


def test_more_tables_than_a_policy_may_have_are_refused(tyrne: Tyrne, tmp_path: Path) -> None:
    path = policy(tmp_path, '[[deny]]\nobject = "door"\n' * 257)
    assert errors(tyrne, path) == ["513: 257 tables; a policy has at most 256 of each, remove some"]


def test_a_policy_that_is_not_there_is_told_in_one_line(tyrne: Tyrne, tmp_path: Path) -> None:
    outcome = tyrne("reach", GRANT, "--policy", tmp_path / "none.toml")
    assert outcome.status == 2
    assert outcome.error.endswith("none.toml: cannot be read: no such file or directory; give the path of a policy")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("gate",), 'no object "gate" there; did you mean "'),
        (("grantor", "gate"), 'no object "gate" there; did you mean "'),
        (("door", "channel"), 'no task "door" there; '),
        (("grantor", "--policy", "x.toml"), "--policy is about the whole system; leave TASK out"),
        (("--at", "x"), "--at x: not a position; "),
    ],
)
def test_a_wrong_request_is_told_in_one_line(tyrne: Tyrne, words: tuple[str, ...], said: str) -> None:
    outcome = tyrne("reach", GRANT, *words)
    assert outcome.status == 2
    assert outcome.error.startswith(f"tyrne: error: {said}")


def test_names_of_others_steer_no_terminal(tyrne: Tyrne, tmp_path: Path) -> None:
    path = denied(tmp_path, 'object = "door"\nwhy = "\\u001b[2J"')
    outcome = tyrne("reach", GRANT, "--policy", path)
    assert "\x1b" not in outcome.out
    assert "\\x1b[2J" in outcome.out
