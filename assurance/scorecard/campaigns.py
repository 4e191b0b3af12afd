"""The campaigns and which of their figures stand on the scorecard, as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from assurance.scorecard.results import Campaign, Data, Details, Figures, Present


def number(value: object) -> str:
    """A count with its thousands parted. TypeError for what is none."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is no count")
    return f"{value:,}"


def kinds(counts: Iterable[dict[str, int]]) -> str:
    """Counts of several models together, the largest first."""
    together: Counter[str] = Counter()
    for counted in counts:
        together.update(counted)
    return ", ".join(f"{kind} {number(count)}" for kind, count in together.most_common()) or "none"


def explored(data: Data) -> Figures:
    models = data["models"]
    found: Figures = [
        ("distinct states checked for every invariant", number(sum(model["expanded"] for model in models.values()))),
        ("transitions", number(sum(model["transitions"] for model in models.values()))),
        ("refused calls that changed nothing", number(sum(model["refusals_checked"] for model in models.values()))),
        ("violations", number(sum(model["violations"] for model in models.values()))),
        ("by the fast path, and the same by the general one", number(sum(model["fast"] for model in models.values()))),
        ("long work that an interrupt stopped, by its kind", kinds(model["preempted"] for model in models.values())),
    ]
    for name, model in models.items():
        reached = number(model["states"])
        end = "exhausted" if model["exhausted"] else f"NOT EXHAUSTED: {reached} were reached"
        tasks = "1 task" if model["tasks"] == 1 else f"{model['tasks']} tasks"
        bounds = f"{tasks}, {model['slots']} slots a table, {len(model['calls'])} calls"
        found.append((name, f"{number(model['expanded'])} states to depth {number(model['depth'])}, {end}; {bounds}"))
    return found


def reached(data: Data) -> Figures:
    return [
        ("random systems that were walked through", number(data["systems"])),
        ("what came about in them: held, mapped, offered, made", number(data["facts"])),
        ("words that came from one task to another", number(data["told"])),
        ("tiny systems in all their states", number(data["tiny"])),
        ("of what is never held there, denied", f"{number(data['denied'])} of {number(data['never'])}"),
        ("denied, and came about", "0" if data["found"] is None else f"1: {data['found']['system']}"),
    ]


def fuzzed_calls(data: Data) -> Figures:
    edges = data["edges"]
    return [
        ("calls that both kernels answered alike", number(data["calls"])),
        ("edges of the compiled kernel taken", f"{number(edges['covered'])} of {number(edges['total'])}"),
        (
            "long work that an interrupt stopped, by its kind",
            kinds({kind: work["preempted"]} for kind, work in data["work"].items()),
        ),
        ("differences and panics", "0" if data["found"] is None else f"1: {data['found']}"),
    ]


def edges_never_taken(data: Data) -> Details:
    """By the place in the source: what is compiled for several types has a function for each of them."""
    functions: dict[str, Counter[str]] = {}
    for edge in data["never"]:
        functions.setdefault(edge["place"], Counter())[edge["function"]] += 1
    found = []
    for place, edges in functions.items():
        where = f"`{next(iter(edges))}`" + (f" and {len(edges) - 1} like it" if len(edges) > 1 else "")
        found.append(f"never taken: {edges.total()} of the edges at `{place}` in {where}")
    return found


def compared_programs(data: Data) -> Figures:
    machines = " ↔ ".join(data["machines"])
    return [
        (f"programs compared, {machines}", number(data["programs"])),
        ("differences, kernel panics", f"{number(data['divergences'])}, {number(data['panics'])}"),
        ("system calls that they made", number(sum(data["calls"].values()))),
        ("exceptions that they took", f"{number(sum(data['exceptions'].values()))}: {counts(data['exceptions'])}"),
    ]


def fuzzed_code(data: Data) -> Figures:
    executed = data["instructions_executed"]
    return [
        ("instructions of random programs executed", counts(executed)),
        ("different instruction words", number(data["distinct_words"])),
        *compared_programs(data),
    ]


def left_out(data: Data) -> Details:
    return [f"{name}: {number(n)} words made NOP" for name, n in data["excused"].items()]


def counts(named: dict[str, int]) -> str:
    return ", ".join(f"{name} {number(n)}" for name, n in named.items())


def mutated(data: Data) -> Figures:
    return [
        ("checks broken", number(data["mutants"])),
        ("noticed by a test", number(data["killed"])),
        ("without effect, for a reason that is listed", number(data["equivalent"])),
        ("noticed by nothing", number(data["survived"])),
    ]


def survivors(data: Data) -> Details:
    """What no test notices, and what cannot be noticed, each with its reason."""
    found = []
    for title, mutants in (("SURVIVES", data["survivors"]), ("equivalent", data["equivalents"])):
        for mutant in mutants:
            place = f"`{mutant['file']}:{mutant['line']}`"
            reason = f": {mutant['reason']}" if "reason" in mutant else ""
            found.append(f"{title}: {place}, `{mutant['check']}` → `{mutant['changed']}`{reason}")
    return found


def refused(data: Data) -> Figures:
    pinned = sum(len(refusals) for refusals in data["calls"].values())
    return [("pairs of a call and a status that a test pins, the kernel unchanged", number(pinned))]


def covered(data: Data) -> Figures:
    found: Figures = []
    for name, layer in data["layers"].items():
        taken, branches = number(layer["branches_taken"]), number(layer["branches"])
        executed, statements = number(layer["statements_executed"]), number(layer["statements"])
        found.append((f"branches of {name} that hosted tests take", f"{taken} of {branches}"))
        found.append((f"statements of {name} that hosted tests execute", f"{executed} of {statements}"))
    beyond = data["unreachable_hosted"]
    lines = f"{number(beyond['statements'])} statements, {number(beyond['assembly_lines'])} lines of assembly"
    return [*found, ("what no hosted test can reach: of the board", lines)]


def not_counted(data: Data) -> Details:
    """What is excluded from the count of branches, with its reason; what only annotates is summed up."""
    found = []
    for name, layer in data["layers"].items():
        for file, missing in layer["missing"].items():
            found.append(f"not taken: {name}, `{file}`: {', '.join(missing)}")
        for one in layer["exclusions"]:
            if one["kind"] != "annotations":
                found.append(f"not counted: {name}, `{one['file']}:{one['line']}`, {one['kind']}: {one['reason']}")
    return found


def images(data: Data) -> Figures:
    found: Figures = []
    for image in data["images"]:
        if image["form"] == "image":
            same = f"the same in {data['places']} places" if image["same"] else "NOT THE SAME"
            size = f"{number(image['bytes'])} bytes"
            found.append((f"SHA-256, {image['profile']}, {data['system']}", f"`{image['sha256']}`, {size}, {same}"))
    return found


def programs_of_linux(data: Data) -> Figures:
    machines = " and ".join(data["machines"])
    return [
        (f"programs that others wrote, on {machines}", number(data["programs"])),
        ("with the output and the exit status that qemu-user has", number(data["equal"])),
        ("that could not be had", number(len(data["left_out"]))),
    ]


def different_programs(data: Data) -> Details:
    """What differs, with its reason, and what is missing."""
    different = [f"differs: {name}: {why}" for name, why in data["different"].items()]
    return [*different, *(f"left out: {name}: {why}" for name, why in data["left_out"].items())]


def gives_these_images(data: Data, present: Present) -> bool:
    """Boards and the compiler are not part of the kernel's digest, and are part of an image."""
    flat = [image["sha256"] for image in data["images"] if image["form"] == "image"]
    return data["kernel"] == present.kernel and bool(flat) and set(flat) <= set(present.images)


CAMPAIGNS: Final = (
    Campaign("explore", "Exploration", "make explore", explored),
    Campaign("reach", "Reach", "make reach", reached),
    Campaign("fuzz-calls", "Calls in lock step", "make fuzz-calls", fuzzed_calls, edges_never_taken),
    Campaign("battery", "Battery of programs", "make battery", compared_programs, left_out),
    Campaign("fuzz-code", "Random machine code", "make fuzz-code", fuzzed_code, left_out),
    Campaign("coverage", "Branch coverage", "make coverage", covered, not_counted),
    Campaign("refusals", "Refusals", "make refusals", refused),
    Campaign("mutation", "Mutation", "make mutate", mutated, survivors),
    Campaign("linux", "Programs of Linux", "make linux", programs_of_linux, different_programs),
    Campaign("image", "Reproducible image", "make reproducible", images, is_present=gives_these_images),
)
