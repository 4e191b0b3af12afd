"""virtio-blk: sectors of 512 bytes. What is written stays in the run, beside the bytes that it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from struct import unpack_from
from types import MappingProxyType
from typing import ClassVar, Final

from tyrne.hosted.devices.device import Memory, Now, SetLine
from tyrne.hosted.devices.faults import NONE, Faults
from tyrne.hosted.devices.virtio_mmio import Answer, VirtioMmio
from tyrne.hosted.devices.virtqueue import Chain, DriverError

SECTOR: Final = 512
READ_ONLY, CAN_FLUSH = 1 << 5, 1 << 9
"""Features VIRTIO_BLK_F_RO and VIRTIO_BLK_F_FLUSH."""
HEADER: Final = 16
ID_LENGTH: Final = 20


class Request(IntEnum):
    IN = 0
    OUT = 1
    FLUSH = 4
    GET_ID = 8


class Status(IntEnum):
    OK = 0
    IO_ERROR = 1
    UNSUPPORTED = 2


class Sectors:
    """Bytes that never change, and over them the sectors that were written."""

    def __init__(self, base: bytes | memoryview) -> None:
        """ValueError if `base` does not consist of whole sectors."""
        if len(base) % SECTOR:
            raise ValueError(f"{len(base)} bytes are no multiple of {SECTOR}")
        self._base: Final = memoryview(base).toreadonly()
        self._written: Final[dict[int, bytes]] = {}
        self.count: Final = len(base) // SECTOR

    def written(self) -> Mapping[int, bytes]:
        """The sectors that were written, by number, also where they are as they were."""
        return MappingProxyType(self._written)

    def read(self, first: int, count: int) -> bytes:
        data = bytearray(self._base[first * SECTOR : (first + count) * SECTOR])
        if self._written:
            for number in range(count):
                if (sector := self._written.get(first + number)) is not None:
                    data[number * SECTOR : (number + 1) * SECTOR] = sector
        return bytes(data)

    def write(self, first: int, data: bytes) -> None:
        for at in range(0, len(data), SECTOR):
            self._written[first + at // SECTOR] = data[at : at + SECTOR]


class Block(VirtioMmio):
    """One queue of requests: a header to read, then data, then a byte to write for the status."""

    DEVICE_ID: ClassVar[int] = 2
    CAN_FAIL: ClassVar[bool] = True

    def __init__(
        self,
        set_line: SetLine,
        memory: Memory,
        now: Now,
        *,
        sectors: Sectors,
        name: bytes = b"",
        read_only: bool = False,
        faults: Faults = NONE,
    ) -> None:
        """`name` is what GET_ID tells, 20 bytes at most."""
        features = CAN_FLUSH | (READ_ONLY if read_only else 0)
        super().__init__(
            set_line, memory, now, features=features, config=sectors.count.to_bytes(8, "little"), faults=faults
        )
        self.sectors: Final = sectors
        self._name: Final = name[:ID_LENGTH].ljust(ID_LENGTH, b"\0")
        self._read_only: Final = read_only

    def serve(self, number: int, chain: Chain) -> Answer:
        self._check(chain)
        kind, _, sector = unpack_from("<IIQ", chain.data)
        data, status = self._done(kind, sector, chain.data[HEADER:], chain.room - 1)
        return self._answer_with(chain, data, status)

    def fail(self, chain: Chain) -> Answer:
        self._check(chain)
        return self._answer_with(chain, b"", Status.IO_ERROR)

    @staticmethod
    def _check(chain: Chain) -> None:
        if len(chain.data) < HEADER:
            raise DriverError(f"a request of {len(chain.data)} bytes, less than its header")
        if not chain.room:
            raise DriverError("a request without a byte for its status")

    @staticmethod
    def _answer_with(chain: Chain, data: bytes, status: Status) -> Answer:
        """What is not data is zero: the length that the driver is told counts from the first buffer to the status."""
        return Answer(data.ljust(chain.room - 1, b"\0"), bytes([status]))

    def _done(self, kind: int, sector: int, data: bytes, room: int) -> tuple[bytes, Status]:
        """A request that was carried out, or not: what is read, and the status."""
        match kind:
            case Request.IN:
                if data or not self._covers(sector, room):
                    return b"", Status.IO_ERROR
                return self.sectors.read(sector, room // SECTOR), Status.OK
            case Request.OUT:
                if self._read_only or room or not self._covers(sector, len(data)):
                    return b"", Status.IO_ERROR
                self.sectors.write(sector, data)
                return b"", Status.OK
            case Request.FLUSH if self.driver.has(CAN_FLUSH):
                return b"", Status.OK  # nothing is kept back
            case Request.GET_ID:
                return self._name[:room], Status.OK
        return b"", Status.UNSUPPORTED

    def _covers(self, sector: int, length: int) -> bool:
        return not length % SECTOR and sector + length // SECTOR <= self.sectors.count
