"""Ten thousand lives of tasks in four parts, in random orders, ended in every way: all is as before the first."""

from __future__ import annotations

from first_of import first_of
from properties.lives import ENDS, Family
from tyrne.testing.invariants import check_system
from tyrne.testing.state import resources

SHARDS = 4
LIVES = 10_000 // SHARDS
CHECKED = 50
"""Lives between two comparisons."""


@first_of("shard", range(SHARDS))
def test_thousands_of_lives_leave_frames_slots_tables_queues_and_claims_as_they_were(shard: int) -> None:
    family = Family(shard)
    while family.born < LIVES:
        family.live(family.born + CHECKED)
        assert resources(family.kernel) == family.at_first, f"after {family.born} lives"
        check_system(family.kernel)
    assert family.born == LIVES and all(family.ended[how] > LIVES // 20 for how in ENDS)
