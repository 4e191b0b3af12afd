"""The campaigns and which of their figures stand on the scorecard, as a table."""

from __future__ import annotations

from typing import Final

from assurance.scorecard.results import Campaign, Data, Details, Figures, Present


def number(value: object) -> str:
    """A count with its thousands parted. TypeError for what is none."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is no count")
    return f"{value:,}"


def explored(data: Data) -> Figures:
    models = data["models"]
    found: Figures = [
        ("distinct states in which every invariant holds", number(sum(model["states"] for model in models.values()))),
        ("transitions", number(sum(model["transitions"] for model in models.values()))),
        ("violations", number(sum(model["violations"] for model in models.values()))),
    ]
    for name, model in models.items():
        end = "exhausted" if model["exhausted"] else "not exhausted"
        bounds = f"{model['tasks']} tasks, {model['slots']} slots a table, {len(model['calls'])} calls"
        found.append((name, f"{number(model['states'])} states to depth {number(model['depth'])}, {end}; {bounds}"))
    return found


def fuzzed_calls(data: Data) -> Figures:
    edges = data["edges"]
    return [
        ("calls that both kernels answered alike", number(data["calls"])),
        ("edges of the compiled kernel taken", f"{number(edges['covered'])} of {number(edges['total'])}"),
        ("differences and panics", "0" if data["found"] is None else f"1: {data['found']}"),
    ]


def edges_never_taken(data: Data) -> Details:
    return [f"`{edge['place']}` in `{edge['function']}`: an edge never taken" for edge in data["never"]]


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


def images(data: Data) -> Figures:
    found: Figures = []
    for image in data["images"]:
        if image["form"] == "image":
            same = f"the same in {data['places']} places" if image["same"] else "NOT THE SAME"
            size = f"{number(image['bytes'])} bytes"
            found.append((f"SHA-256, {image['profile']}, {data['system']}", f"`{image['sha256']}`, {size}, {same}"))
    return found


def gives_these_images(data: Data, present: Present) -> bool:
    """Boards and the compiler are not part of the kernel's digest, and are part of an image."""
    flat = [image["sha256"] for image in data["images"] if image["form"] == "image"]
    return data["kernel"] == present.kernel and bool(flat) and set(flat) <= set(present.images)


CAMPAIGNS: Final = (
    Campaign("explore", "Exploration", "make explore", explored),
    Campaign("fuzz-calls", "Calls in lock step", "make fuzz-calls", fuzzed_calls, edges_never_taken),
    Campaign("mutation", "Mutation", "make mutate", mutated, survivors),
    Campaign("image", "Reproducible image", "make reproducible", images, is_present=gives_these_images),
)
