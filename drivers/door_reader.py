"""From raw hook bits to doors: a reading counts for a door when two in a row agree (hardware facts, 0.8).

A contact bounces for some milliseconds when its door moves, and two readings can agree by chance meanwhile. So a door's
change is believed at once, and whatever says the opposite is not believed before the contact has had time to rest.

Knows channels, polarity and doors; must never know ports or frames, nor read a clock. Agreement is judged door by door,
so that one chattering switch does not hold up the others; and for the sensor inside by itself, so that neither does it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from locker.model import DoorSeen

DEBOUNCE_MS = 60
"""For how long after a door's change its contact may still bounce; nobody shuts and opens a door in so short a time."""


class DoorReader:
    """Turns one status mask after another into ``DoorSeen``."""

    def __init__(self, channels: Mapping[int, int], closed_bit: int, sensing: Collection[int] = ()) -> None:
        """``channels`` maps a door to its 0-based bit; ``closed_bit`` is the bit's value when the hook is in.

        The doors in ``sensing`` have a sensor inside; its bit is 1 when something lies there.
        """
        self._bits = {door: 1 << channel for door, channel in sorted(channels.items())}
        self._all = sum(self._bits.values())
        self._sensing = sum(bit for door, bit in self._bits.items() if door in sensing)
        self._inverted = self._all if closed_bit == 1 else 0
        self._last: int | None = None
        self._last_items = 0
        self._open = self._items = 0
        self._known = self._known_items = 0
        self._owed = 0
        self._pulsed = 0
        self._rests_ms: dict[int, int] = {}  # the bit of a door that has just changed: when its contact is at rest

    def forget(self) -> None:
        """Every door is unknown; each is told again once two readings agree."""
        self._last, self._known, self._known_items = None, 0, 0
        self._rests_ms.clear()

    def break_off(self) -> None:
        """The next reading does not follow the last one: a reply was lost between them."""
        self._last = None

    def pulsed(self, door: int) -> None:
        """A pulse on this door is over: it is told once more, by readings that begin from now on."""
        self._last = None
        self._owed |= self._bits[door]
        self._pulsed |= self._bits[door]

    @property
    def unsettled(self) -> bool:
        """Whether a second reading is wanted at once: a difference, an unknown door, or one that was pulsed."""
        if self._known != self._all or self._owed or self._known_items != self._sensing:
            return True
        return self._last is not None and (self._last != self._open or self._last_items != self._items)

    def read(self, ms: int, hooks: int, items: int = 0) -> list[DoorSeen]:
        """Take the bits of one status reply, read at ``ms`` of boot time.

        Returns what is now certain and new, in the order of the doors.
        """
        now_open = (hooks ^ self._inverted) & self._all
        now_items = items & self._sensing
        last, self._last = self._last, now_open
        last_items, self._last_items = self._last_items, now_items
        if last is None:
            return []
        settled = self._all & ~(now_open ^ last) & ~self._bouncing(now_open, ms)
        news = settled & ((now_open ^ self._open) | ~self._known | self._owed)
        if self._sensing:
            news |= self._read_items(now_items, last_items) & (self._known | settled) & ~(self._owed & ~settled)
        if not news:
            return []
        self._note_changes(settled & self._known & (now_open ^ self._open), ms)
        self._open = (self._open & ~settled) | (now_open & settled)
        self._known |= settled
        self._owed &= ~settled
        return [self._seen(door, bit) for door, bit in self._bits.items() if news & bit]

    def _bouncing(self, now_open: int, ms: int) -> int:
        """The doors that seem to move back while their contacts have not come to rest."""
        if not self._rests_ms:
            return 0
        self._rests_ms = {bit: rests_ms for bit, rests_ms in self._rests_ms.items() if rests_ms > ms}
        return sum(self._rests_ms) & (now_open ^ self._open)

    def _note_changes(self, changed: int, ms: int) -> None:
        for bit in self._bits.values():
            if changed & bit:
                self._rests_ms[bit] = ms + DEBOUNCE_MS

    def _read_items(self, items: int, last: int) -> int:
        """What is new of the sensors inside. While its door is not certain, that door's own word will carry it."""
        settled = self._sensing & ~(items ^ last)
        news = settled & ((items ^ self._items) | ~self._known_items)
        self._items = (self._items & ~settled) | (items & settled)
        self._known_items |= settled
        return news

    def _seen(self, door: int, bit: int) -> DoorSeen:
        occupied = bool(self._items & bit) if self._known_items & bit else None
        return DoorSeen(door, bool(self._open & bit), occupied, fresh=bool(self._pulsed & bit))
