"""The mechanical cabinet: coils, hooks, doors, switches and papers, far from any wire.

Deterministic: time is an argument in milliseconds that never goes back, chance comes from a seed. It keeps what an
honest witness would see (every pulse, every breach of what coils bear), so that no check has to trust the controller.

The physics (hardware facts, 4.6): a pulse of at least ``hook_ms`` lets the hook go, and the door springs open
``spring_ms`` after it began. A jammed hook lets go only when somebody presses the door during a pulse, or after some
pulses. A sticking door is unhooked but stays shut until pressed. The contact follows the leaf and bounces for 5 to 30
ms at each move. A coil warms while it is on and cools slowly. Knows channels, 0-based; must never know doors' labels,
frames or people's rights.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from zlib import crc32

AMBIENT_C = 25.0
COIL_C_MAX = 110.0
COIL_A = 2.0
"""What the coil of the model draws at 12 V; those on the market draw 0.65 to 2.4 A (hardware facts, 4.6)."""
_WARMING_C_PER_MS = 0.02
_COOLING_MS = 60_000.0
BOUNCE_MS = (5, 30)
_FLICKER_MS = 7
_WITNESS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class PulseSeen:
    """One pulse of one coil, as a witness saw it begin: when, where, and for how long it was meant."""

    ms: int
    channel: int
    pulse_ms: int


@dataclass(frozen=True, slots=True)
class Breach:
    """Something no controller may cause: ``two_coils``, ``too_long``, ``too_soon`` or ``overheated``."""

    ms: int
    channel: int
    what: str


@dataclass(slots=True)
class Compartment:
    """One compartment as it stands: ``shut`` is the leaf, ``hooked`` the hook in it, ``papers`` what lies inside."""

    shut: bool = True
    hooked: bool = True
    papers: list[str] = field(default_factory=list)
    pressed: bool = False
    jammed_pulses: int = 0
    sticks: bool = False
    late_ms: int = 0
    sensor: bool | None = None
    flickers: bool = False
    chatters: bool = False
    said_shut: bool = False
    coil_off_ms: int | None = None
    unhooked_ms: int = -1_000_000
    coil_c: float = AMBIENT_C
    coil_c_at_ms: int = 0
    opens_at_ms: int | None = None
    moved_ms: int = -1_000_000
    bounce_ms: int = 0
    moves: int = 0


class Body:
    """A cabinet of ``channels`` compartments, all shut and empty."""

    def __init__(
        self,
        channels: int,
        seed: int = 0,
        *,
        cooldown_ms: int = 1000,
        hook_ms: int = 40,
        spring_ms: int = 60,
        bounce_ms: tuple[int, int] = BOUNCE_MS,
        coil_a: float = COIL_A,
    ) -> None:
        """``cooldown_ms``: how long a coil must rest after a pulse; ``hook_ms``: the shortest pulse that unhooks;
        ``bounce_ms``: how long the contact bounces, at least and at most; ``coil_a``: what a coil draws, by
        which it warms."""
        self.compartments = [Compartment() for _ in range(channels)]
        self.pulses: deque[PulseSeen] = deque(maxlen=_WITNESS_MAX)
        self.breaches: list[Breach] = []
        self.now_ms = 0
        self._springing: set[int] = set()
        self._still: tuple[int, int] | None = None
        self._seed, self._bounce_ms = seed, bounce_ms
        self._warming_c_per_ms = _WARMING_C_PER_MS * coil_a / COIL_A
        self._cooldown_ms, self._hook_ms, self._spring_ms = cooldown_ms, hook_ms, spring_ms

    # What a board does to it, and reads from it.

    def energise(self, channel: int, pulse_ms: int, now_ms: int) -> None:
        """Put the coil on for ``pulse_ms`` from now."""
        self.advance(now_ms)
        box = self.compartments[channel]
        self._judge(channel, pulse_ms, now_ms)
        self.pulses.append(PulseSeen(now_ms, channel, pulse_ms))
        self._warm(channel, pulse_ms, now_ms)
        box.coil_off_ms = now_ms + pulse_ms
        if pulse_ms < self._hook_ms or not box.hooked:
            return
        if box.jammed_pulses and not box.pressed:
            box.jammed_pulses -= 1
            return
        self._unhook(channel, now_ms)
        box.unhooked_ms = now_ms

    def cut_power(self, now_ms: int, lasted_ms: int | None = None) -> None:
        """The board is without power: every coil is off from now on; what was too short for a hook has not moved it.

        ``lasted_ms`` is for how long a coil was on, where that is known better than by the moment of this call.
        """
        self.advance(now_ms)
        for channel, box in enumerate(self.compartments):
            if box.coil_off_ms is not None and box.coil_off_ms > now_ms:
                box.coil_off_ms = now_ms
                short = (now_ms - box.unhooked_ms if lasted_ms is None else lasted_ms) < self._hook_ms
                if box.shut and not box.hooked and short:
                    self._springing.discard(channel)
                    box.hooked, box.opens_at_ms = True, None

    def is_closed_contact(self, channel: int, now_ms: int) -> bool:
        """What the hook switch says at this moment, with its bounces and faults."""
        self.advance(now_ms)
        box = self.compartments[channel]
        if box.sensor is not None:
            return box.sensor
        if box.chatters:
            box.said_shut = not box.said_shut
            return box.said_shut
        if box.flickers:
            return self._chance(channel, now_ms // _FLICKER_MS, 0) & 1 == 0
        if now_ms < box.moved_ms + box.bounce_ms:
            return self._chance(channel, box.moves, now_ms) & 1 == 0
        return box.shut

    def closed_contacts(self, now_ms: int) -> int:
        """All switches at once, as a mask, lowest channel first; worked out anew only when one may have changed."""
        self.advance(now_ms)
        if self._still is not None and now_ms >= self._still[0]:
            return self._still[1]
        channels = range(len(self.compartments))
        mask = sum(self.is_closed_contact(channel, now_ms) << channel for channel in channels)
        rests_ms = max((box.moved_ms + box.bounce_ms for box in self.compartments), default=now_ms)
        flickering = any(box.flickers or box.chatters for box in self.compartments)
        self._still = (now_ms, mask) if now_ms >= rests_ms and not flickering else None
        return mask

    def filled(self) -> int:
        """Where something lies, as a mask, lowest channel first: what a sensor inside says."""
        return sum(bool(box.papers) << channel for channel, box in enumerate(self.compartments))

    # What people do to it.

    def shut(self, channel: int, now_ms: int) -> bool:
        """Push the door shut; False when its coil is on, so that the hook cannot catch and it springs open again."""
        self.advance(now_ms)
        box = self.compartments[channel]
        if box.coil_off_ms is not None and box.coil_off_ms > now_ms:
            return False
        if not box.shut or not box.hooked:
            self._springing.discard(channel)
            box.opens_at_ms = None
            box.shut = box.hooked = True
            self._moved(channel, now_ms)
        return True

    def force(self, channel: int, now_ms: int) -> None:
        """Pry the door open, whatever the lock says."""
        self.advance(now_ms)
        box = self.compartments[channel]
        box.hooked = False
        if box.shut:
            self._open(channel, now_ms)

    def press(self, channel: int, now_ms: int) -> None:
        """Lean on the door and keep leaning: takes the load off a jammed hook, frees a sticking leaf."""
        self.advance(now_ms)
        box = self.compartments[channel]
        box.pressed = True
        if box.hooked and box.coil_off_ms is not None and box.coil_off_ms > now_ms:
            self._unhook(channel, now_ms)
        elif box.shut and not box.hooked and box.opens_at_ms is None:
            self._spring(channel, now_ms)

    def let_go(self, channel: int, now_ms: int) -> None:
        """Stop leaning on the door."""
        self.advance(now_ms)
        self.compartments[channel].pressed = False

    def put_papers(self, channel: int, what: str, now_ms: int) -> bool:
        """Lay papers in; False when the door is shut."""
        self.advance(now_ms)
        if self.compartments[channel].shut:
            return False
        self.compartments[channel].papers.append(what)
        return True

    def take_papers(self, channel: int, now_ms: int) -> list[str] | None:
        """Take out all papers; None when the door is shut."""
        self.advance(now_ms)
        box = self.compartments[channel]
        if box.shut:
            return None
        papers, box.papers = box.papers, []
        return papers

    # What goes wrong with it.

    def jam(self, channel: int, pulses: int = 1_000_000) -> None:
        """The hook holds against so many pulses, unless the door is pressed during one."""
        self.compartments[channel].jammed_pulses = pulses

    def stick(self, channel: int, sticks: bool = True) -> None:
        """The hook lets go but the door does not spring until pressed."""
        self.compartments[channel].sticks = sticks

    def open_late(self, channel: int, late_ms: int) -> None:
        """The door springs open so many milliseconds later than it should."""
        self.compartments[channel].late_ms = late_ms

    def stick_sensor(self, channel: int, closed: bool | None) -> None:
        """The switch says this for ever; None heals it."""
        self.compartments[channel].sensor = closed
        self._still = None

    def flicker(self, channel: int, flickers: bool = True) -> None:
        """The switch says now this, now that."""
        self.compartments[channel].flickers = flickers
        self._still = None

    def chatter(self, channel: int, chatters: bool = True) -> None:
        """The switch says something else each time it is asked: no two readings in a row agree."""
        self.compartments[channel].chatters = chatters
        self._still = None

    # Time.

    def advance(self, now_ms: int) -> None:
        """Let time pass up to ``now_ms``."""
        if now_ms < self.now_ms:
            raise ValueError(f"time goes back from {self.now_ms} to {now_ms} ms")
        self.now_ms = now_ms
        for channel in sorted(self._springing):
            opens_at_ms = self.compartments[channel].opens_at_ms
            if opens_at_ms is not None and opens_at_ms <= now_ms:
                self._open(channel, opens_at_ms)

    def deadline_ms(self) -> int | None:
        """When the next door springs open, or None."""
        times = (self.compartments[channel].opens_at_ms for channel in self._springing)
        return min((ms for ms in times if ms is not None), default=None)

    def coil_c(self, channel: int, now_ms: int) -> float:
        """The coil's temperature in degrees Celsius."""
        box = self.compartments[channel]
        passed_ms = max(0, now_ms - box.coil_c_at_ms)
        return AMBIENT_C + (box.coil_c - AMBIENT_C) * math.exp(-passed_ms / _COOLING_MS)

    def _unhook(self, channel: int, now_ms: int) -> None:
        box = self.compartments[channel]
        box.jammed_pulses = 0
        box.hooked = False
        if not box.sticks or box.pressed:
            self._spring(channel, now_ms)

    def _spring(self, channel: int, now_ms: int) -> None:
        box = self.compartments[channel]
        box.opens_at_ms = now_ms + self._spring_ms + box.late_ms
        self._springing.add(channel)

    def _open(self, channel: int, at_ms: int) -> None:
        self._springing.discard(channel)
        box = self.compartments[channel]
        box.shut = False
        box.opens_at_ms = None
        self._moved(channel, at_ms)

    def _moved(self, channel: int, at_ms: int) -> None:
        box = self.compartments[channel]
        self._still = None
        box.moves += 1
        box.moved_ms = at_ms
        shortest, longest = self._bounce_ms
        box.bounce_ms = shortest + self._chance(channel, box.moves, -1) % (longest - shortest + 1)

    def _judge(self, channel: int, pulse_ms: int, now_ms: int) -> None:
        if pulse_ms > 1000:
            self.breaches.append(Breach(now_ms, channel, "too_long"))
        for other, box in enumerate(self.compartments):
            if box.coil_off_ms is None:
                continue
            if other != channel and box.coil_off_ms > now_ms:
                self.breaches.append(Breach(now_ms, channel, "two_coils"))
            if other == channel and now_ms < box.coil_off_ms + self._cooldown_ms:
                self.breaches.append(Breach(now_ms, channel, "too_soon"))

    def _warm(self, channel: int, pulse_ms: int, now_ms: int) -> None:
        box = self.compartments[channel]
        box.coil_c = self.coil_c(channel, now_ms) + pulse_ms * self._warming_c_per_ms
        box.coil_c_at_ms = now_ms
        if box.coil_c > COIL_C_MAX:
            self.breaches.append(Breach(now_ms, channel, "overheated"))

    def _chance(self, *numbers: int) -> int:
        return crc32(repr((self._seed, *numbers)).encode()) >> 3
