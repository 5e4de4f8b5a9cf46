"""What a check may look at: the scene from outside, and the story that the disk tells.

``Scene`` holds the far sides and the books of those who stand around: what was shown to the scanner, what the cloud
sent, which faults are under way. ``Story`` is what follows from the committed rows alone: which event allows which
door, what is spent, what lies where. Neither knows the program; a test can make both by hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from sim.whereabouts import ARRIVES, FROM, LEAVES
from sim.world.archive import Archive, Row
from sim.world.plan import Site
from sim.world.site import Register
from sim.world.street import Street

ALLOWS = ("granted", "reopened", "moved")
ENDS = ("visit_ended", "interrupted", "jammed", "not_pulsed", "staff_called", "started")
AT_THE_CABINET = ("scanner", "keypad")
SPENDS = ("opened", "opened_late")
FAR_MS = 1 << 60
DOORS_CODE, LABEL = "a door's code", "label/"
"""How in ``shown`` stands what is no token: the code printed on a door, and an envelope's label with its order."""
BLINDING = frozenset({"board", "disk", "noise", "power", "sensor", "usb"})
"""The troubles that come between a leaf and the books; no door is hidden by those of network, clock, mains, scanner."""
BELIEF_MS = 60_000
"""How long after the last fault belief may still differ from the truth (invariant 8)."""


@dataclass(frozen=True, slots=True)
class Breach:
    """An invariant that did not hold: its number, the check's name, when, and what was seen."""

    number: int
    check: str
    ms: int
    says: str


@dataclass(slots=True)
class Permit:
    """The last event that allowed a door to be pulsed, and how many orders were given on it.

    ``staffed``: it was asked for at the cabinet by staff, or while the log said that staff were there;
    ``list_version``: the revocation list that was in force then, ``keys_version`` the key set.
    """

    row: Row
    staffed: bool = False
    list_version: int = 0
    keys_version: int = 0
    ended: bool = False
    orders: int = 0


@dataclass(slots=True)
class Sent:
    """A grant that the cloud sent in a command: when, until when (Unix s), and whether as a retained message."""

    ms: int
    exp: int
    retained: bool


class Story:
    """What the rows on the disk say, from the first to the last that was committed."""

    def __init__(self) -> None:
        """No row was read."""
        self.seq = 0
        self.run_seq = 0
        self.permits: dict[int, Permit] = {}
        self.spent: set[str] = set()
        self.bound: dict[str, int] = {}
        self.lapsed: set[str] = set()
        self.held: dict[int, str] = {}
        self.loads: dict[int, int] = {}
        self.revoked_version = self.keys_version = 0
        self.staff, self.duty = False, ""

    def take(self, row: Row) -> None:
        """One more row."""
        self.seq = row.seq
        kind, door, cti = row.kind, row.door, row.cti
        if kind == "started":
            self.run_seq, self.staff, self.duty = row.seq, False, ""
            for permit in self.permits.values():
                permit.ended = True
        elif kind in ALLOWS:
            self._allow(row)
        elif kind in ENDS and door in self.permits:
            self.permits[door].ended = True
        elif kind in SPENDS and cti:
            self.spent.add(cti)
        elif kind == "lapsed":
            self.lapsed.add(cti)
        elif kind in ("staff_present", "staff_left"):
            self.staff = kind == "staff_present"
        elif kind in ("duty_started", "duty_ended"):
            self.duty = cti if kind == "duty_started" else ""
        elif kind == "revoked_changed":
            self.revoked_version = int(row.data["version"])
        elif kind == "keys_changed":
            self.keys_version = int(row.data["version"])
        self._custody(row)

    def _allow(self, row: Row) -> None:
        if row.kind == "moved":
            self.spent.discard(row.cti)
            before = self.permits.get(int(row.data["from"]))
            if before is not None:
                before.ended = True
        if row.kind != "reopened":
            self.bound[row.cti] = row.door
        at_cabinet = row.data.get("source") in AT_THE_CABINET
        staffed = at_cabinet and (bool(row.data.get("by")) or self.staff)
        self.permits[row.door] = Permit(row, staffed, self.revoked_version, self.keys_version)

    def _custody(self, row: Row) -> None:
        if row.kind in FROM:
            self.held.pop(int(row.data.get("from", 0)), None)
        if row.kind in LEAVES:
            self.held.pop(row.door, None)
        if row.kind in ARRIVES:
            self.held[row.door] = bytes.fromhex(row.data["order"]).decode()
            self.loads[row.door] = int(row.data.get("load", -1))


class Trouble:
    """Which faults are under way, and when the last one ended."""

    def __init__(self, clock: Callable[[], int]) -> None:
        """All is well."""
        self._clock = clock
        self.under_way: Counter[str] = Counter()
        self.ended_ms = self.hid_ms = 0

    def begins(self, name: str) -> None:
        """One more of these."""
        self.under_way[name] += 1

    def ends(self, name: str) -> None:
        """One of these is over."""
        self.under_way[name] -= 1
        if not self.under_way[name]:
            del self.under_way[name]
        self.ended_ms = self._clock()
        if name in BLINDING:
            self.hid_ms = self.ended_ms

    @property
    def calm(self) -> bool:
        """Whether nothing is wrong now."""
        return not self.under_way

    @property
    def hides(self) -> bool:
        """Whether something is between a leaf and the books now."""
        return not BLINDING.isdisjoint(self.under_way)


@dataclass(slots=True)
class Scene:
    """What stands around the machine. ``up`` says whether a process runs, ``run_ms`` since when.

    ``reserve_low_ms`` is when a reserve that was full becomes low, 0 while the mains are there or that is not known.
    """

    site: Site
    clock: Callable[[], int]
    street: Street
    archive: Archive
    register: Register
    trouble: Trouble
    story: Story = field(default_factory=Story)
    up: bool = False
    run_ms: int = 0
    slow_ms: int = 0
    clock_wrong_ms: int = 0
    mains_lost_ms: int = 0
    reserve_low_ms: int = 0
    shown: dict[str, int] = field(default_factory=dict)
    touched: dict[str, int] = field(default_factory=dict)
    sent: dict[str, list[Sent]] = field(default_factory=dict)
    left_behind: dict[int, set[str]] = field(default_factory=dict)
    snapshots: dict[int, str] = field(default_factory=dict)
    link_up: bool = False
    stored: int = 0
    acked: int = 0
    malformed: int = 0
    losses: list[tuple[int, int]] = field(default_factory=list)
    broken: int = 0
    conflicts: int = 0

    @property
    def clear_ms(self) -> int:
        """Since when nothing at all has been wrong; the far future while something is."""
        if not self.up or not self.trouble.calm:
            return FAR_MS
        return max(self.run_ms, self.trouble.ended_ms)

    @property
    def sight_ms(self) -> int:
        """Since when nothing has been in the way of seeing the doors; the far future while something is."""
        if not self.up or self.trouble.hides:
            return FAR_MS
        return max(self.run_ms, self.trouble.hid_ms)


class Check:
    """One invariant, looked at from outside. A subclass overrides what it wants to hear of."""

    number = 0
    name = ""

    def __init__(self, scene: Scene) -> None:
        """Nothing was found."""
        self.scene = scene
        self.found: list[Breach] = []

    def breach(self, says: str) -> None:
        """It does not hold."""
        self.found.append(Breach(self.number, self.name, self.scene.clock(), says))
