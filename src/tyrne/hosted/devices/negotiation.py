"""How a driver begins with a virtio device: its status, step by step, and the features that both know."""

from __future__ import annotations

from typing import Final

from tyrne.hosted.devices.virtqueue import DriverError

VERSION_1: Final = 1 << 32
"""The one feature bit that each device offers, and each driver must accept."""

ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, NEEDS_RESET, FAILED = 1, 2, 4, 8, 64, 128
"""Bits of the status."""
WRITABLE: Final = ACKNOWLEDGE | DRIVER | DRIVER_OK | FEATURES_OK | FAILED


class Negotiation:
    """`status` as the driver reads it. Of features, 32 at a time are seen, by the words that the driver selects."""

    def __init__(self, offered: int) -> None:
        self._offered: Final = offered
        self.reset()

    def reset(self) -> None:
        self.status = self.accepted = 0
        self.offered_word = self.accepted_word = 0

    def offered(self) -> int:
        """The selected word of what the device offers."""
        return self._offered >> 32 * self.offered_word & 0xFFFF_FFFF

    def accept(self, features: int) -> None:
        """The driver's features of the selected word."""
        if self.status & FEATURES_OK:
            raise DriverError("features are accepted after FEATURES_OK")
        if self.accepted_word < 2:
            shift = 32 * self.accepted_word
            self.accepted = self.accepted & ~(0xFFFF_FFFF << shift) | features << shift
        elif features:
            raise DriverError(f"features {features:#x} of word {self.accepted_word}, where none is offered")

    def write_status(self, value: int) -> None:
        """A driver adds bits, in their order; DRIVER_OK once it can have seen that its features were accepted."""
        if value & ~WRITABLE:
            raise DriverError(f"status {value:#x} has unknown bits")
        if self.status & ~value:
            raise DriverError(f"status {value:#x} after {self.status:#x}: only a reset takes bits away")
        for bit, needs in (
            (DRIVER, value & ACKNOWLEDGE),
            (FEATURES_OK, value & DRIVER),
            (DRIVER_OK, self.status & FEATURES_OK),
        ):
            if value & bit and not needs:
                raise DriverError(f"status {value:#x} after {self.status:#x}: a step was left out")
        if self.accepted & ~self._offered or not self.accepted & VERSION_1:
            value &= ~FEATURES_OK
        self.status = value

    def has(self, feature: int) -> bool:
        """Whether the driver has accepted it. That holds once it has said FEATURES_OK."""
        return bool(self.accepted & feature)

    def works(self) -> bool:
        """Whether the driver is ready, and nobody has given up."""
        return self.status & (DRIVER_OK | FAILED | NEEDS_RESET) == DRIVER_OK
