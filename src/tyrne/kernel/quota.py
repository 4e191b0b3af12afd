"""Quotas: claims on kernel objects and frames, so that no task can use up what others were promised."""

from __future__ import annotations

from typing import Final

from tyrne.abi import CapKind
from tyrne.kernel.life import Life
from tyrne.lang import Array, u64

FRAMES: Final = u64(0)
"""The index of the claim on frames; the others are those of CapKind."""
CLAIMS: Final = 1 + len(CapKind)


class Quota:
    """What may still be made. Claims only move: the sum over all quotas and all living objects stays the same."""

    def __init__(self) -> None:
        self.life: Life = Life()
        self.claims: Array[u64] = Array.filled(CLAIMS, u64(0))

    def take(self, claim: u64, amount: u64) -> None:
        """Take so much of a claim. The caller has seen that it is there."""
        self.claims[claim] -= amount


def pay_back(payer: Quota | None, claim: u64, amount: u64) -> None:
    """Return a claim to the quota that paid. One that goes passes on what it has."""
    if payer is not None:
        payer.claims[claim] += amount
