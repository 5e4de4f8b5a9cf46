"""Where a drawn cabinet meets the bench of commissioning: a virtual clock, ports with a rate, and a technician.

The technician knows what people know: which door bears which number, what is printed on the boards, how the pins were
planned. He opens and shuts by hand what the far side then tells. ``careless`` makes him err, from a seed: a wrong
number, two doors at once, a door left open, skip, back, nonsense. Must never know what the dialogue has learnt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from drivers.gpio_kinds import gpio_boards
from drivers.port import PortLike
from locker.commission.steps import Ask, ShowCode, Step, Tell
from locker.config import Config, Scanner
from locker.model import Driver, Now
from sim.commission_wiring import Drawn
from sim.gm65 import Gm65
from sim.links import FarSide, FaultyWire, MemoryPort

THINK_MS = 2500
"""How long an answer takes; the boards are not read meanwhile."""
_IN_ROW_MAX = 2000
_WALL_MS = 1_700_000_000_000


class RateGate:
    """A far side at its rate, spoken to at another: nothing that passes is whole, unless they are the same."""

    def __init__(self, far: FarSide, right: bool) -> None:
        """``right``: the rates are the same."""
        self._far, self._right = far, right
        self.spoilt = 0

    def feed(self, data: bytes, now_ms: int) -> None:
        """At a wrong rate other bytes arrive, and as many."""
        self.spoilt += 0 if self._right else len(data)
        self._far.feed(data if self._right else bytes((b * 37 + 101) & 0x7F | 0x80 for b in data), now_ms)

    def refresh(self, now_ms: int) -> bytes:
        """At a wrong rate what is said arrives as something else."""
        said = self._far.refresh(now_ms)
        return said if self._right else bytes((b * 29 + 53) & 0xFF for b in said)

    def deadline_ms(self) -> int | None:
        """The far side's."""
        return self._far.deadline_ms()


class RatePort(MemoryPort):
    """A port that is opened at a rate, and may be opened at another one the next time."""

    def __init__(self, far: FarSide, name: str, right: int, baud: int, echo: bool = False) -> None:
        """``right`` is the rate at which the far side speaks; ``echo``: the adapter hears itself, at any rate."""
        super().__init__(far, name)
        self._device, self._rate, self._echo = far, right, echo
        self.retune(baud)

    def retune(self, baud: int) -> None:
        """Another rate from the next opening on."""
        self.far = FaultyWire(RateGate(self._device, baud == self._rate), echo=self._echo)


class VirtualSite:
    """The surroundings of the bench: nothing waits, time is moved on to the next thing that happens."""

    def __init__(self, drawn: Drawn) -> None:
        """One second after the boot."""
        self.drawn, self.ms = drawn, 1000
        self._ports: dict[str, RatePort] = {}
        self._in_row = 0
        self.opened: list[tuple[str, int]] = []
        self.advance(1000)

    def now(self) -> Now:
        """This moment."""
        return Now(self.ms, _WALL_MS + self.ms)

    def wait(self, until_ms: int, descriptors: Sequence[int]) -> None:
        """On to then, or to what happens before."""
        due = [port.deadline_ms() for port in self._ports.values() if port.is_open]
        due += [self.drawn.cabinet.deadline_ms()] if self.drawn.cabinet is not None else []
        next_ms = max(self.ms, min([until_ms, *(ms for ms in due if ms is not None)]))
        self._in_row = self._in_row + 1 if next_ms == self.ms else 0
        if self._in_row > _IN_ROW_MAX:
            raise AssertionError(f"deadlines make the bench spin at {self.ms} ms")
        self.advance(next_ms)

    def advance(self, now_ms: int) -> None:
        """Let time pass everywhere."""
        self.ms = now_ms
        for port in self._ports.values():
            port.advance(now_ms)
        if self.drawn.cabinet is not None:
            self.drawn.cabinet.advance(now_ms)

    def open_port(self, path: str, baud: int) -> PortLike:
        """A port of the drawn cabinet, at this rate."""
        far, right = self.drawn.wires[path]
        self.opened.append((path, baud))
        self._ports[path] = port = RatePort(far, path, right, baud, path in self.drawn.echoes)
        port.advance(self.ms)
        return port

    def scanner_port(self, scanner: Scanner) -> PortLike | None:
        """The scanner's port, at the rate that is configured, or at one that can be changed."""
        return self.open_port(scanner.port, scanner.baud)

    def gpio(self, cfg: Config) -> list[Driver]:
        """Boards on the drawn cabinet's pins."""
        cabinet = self.drawn.cabinet
        assert cabinet is not None
        return [*gpio_boards(cfg, cabinet.open_pins, cabinet.open_bus)]


class Technician:
    """Answers truthfully, and does by hand what is asked."""

    def __init__(self, site: VirtualSite, careless: int | None = None) -> None:
        """``careless``: the seed of his errors."""
        self.site, self.drawn = site, site.drawn
        self._chance = Random(careless) if careless is not None else None
        self._code = ""
        self._asked = 0

    def told(self, step: Step) -> None:
        """What is on the screen: a door to be shut, a code to be held before the scanner."""
        if isinstance(step, ShowCode):
            self._code = step.text
        elif isinstance(step, Tell) and step.key in ("please_shut", "please_shut_it") and not self._errs(0.2):
            self.shut_all()
        elif isinstance(step, Tell) and step.key == "scanner_searching" and isinstance(self.drawn.scanner, Gm65):
            self.drawn.scanner.press_key(self.site.ms)
        elif isinstance(step, Tell) and step.key == "hold_code" and not self._errs(0.3):
            text = "SOMETHING ELSE" if self._errs(0.3) else self._code
            self.drawn.scanner.show(text, self.site.ms, held_ms=3000)

    def answer(self, step: Ask) -> str:
        """What he types."""
        self._asked += 1
        self.site.advance(self.site.ms + THINK_MS)
        if self._errs(0.15) and self._asked < 400:
            assert self._chance is not None
            return self._chance.choice(("s", "b", "", "nonsense", "99", "0", "是", "-3", "no"))
        return str(getattr(self, f"_{step.key}", self._default)(step))

    def shut_all(self) -> None:
        """Push every door shut."""
        for channel in self.drawn.channels.values():
            self.drawn.body.shut(channel, self.site.ms)

    def _errs(self, chance: float) -> bool:
        return self._chance is not None and self._chance.random() < chance

    def _default(self, step: Ask) -> str:
        return step.default

    # --- boards -----------------------------------------------------------------------------------

    def _which_boards(self, step: Ask) -> str:
        return self.drawn.family

    def _how_many_doors(self, step: Ask) -> str:
        return str(len(self.drawn.doors))

    def _which_port(self, step: Ask) -> str:
        return "all"

    def _pins_right(self, step: Ask) -> str:
        """The plan on the screen is right once it has been typed."""
        self._typed = not getattr(self, "_typed", False)
        return "no" if self._typed else "yes"

    def _pin_is(self, step: Ask) -> str:
        """As planned; how many chips there are nobody has counted."""
        key = str(step.values["name"])
        if key in ("out_chips", "in_chips", "item_chips"):
            return step.default
        value = getattr(self.drawn.boards[0], key)
        if isinstance(value, list):
            return ",".join(map(hex, value)) or "-"
        return "-" if value is None else str(value)

    def _agree_talk(self, step: Ask) -> str:
        return "yes"

    # --- doors ------------------------------------------------------------------------------------

    def _all_shut(self, step: Ask) -> str:
        self.shut_all()
        return ""

    _shut_by_hand = _shut_all = _all_shut

    def _open_by_hand(self, step: Ask) -> str:
        """A door of a board that is not known yet, with the key."""
        names = str(step.values["boards"]).split(", ")
        doors = sorted(door for door, place in self.drawn.doors.items() if place.board in names)
        chance = self._chance or Random(f"{self.drawn.seed} {self._asked}")
        for door in chance.sample(doors, 2 if self._errs(0.3) else 1):
            self.drawn.body.force(self.drawn.channels[self.drawn.doors[door]], self.site.ms)
        return ""

    def _has_sensors(self, step: Ask) -> str:
        return "yes" if self.drawn.senses else "no"

    def _may_open(self, step: Ask) -> str:
        return "yes"

    def _is_it_door(self, step: Ask) -> str:
        return "yes" if step.values["door"] in self.open_doors() else "no"

    def open_doors(self) -> list[int]:
        """The numbers on the doors that stand open."""
        boxes = self.drawn.body.compartments
        return sorted(d for d, place in self.drawn.doors.items() if not boxes[self.drawn.channels[place]].shut)

    def _which_door(self, step: Ask) -> str:
        seen = self.open_doors()
        if self._errs(0.2) and self._chance is not None:
            return str(self._chance.randint(1, len(self.drawn.doors)))
        return str(seen[0]) if seen else "s"

    def _number_taken(self, step: Ask) -> str:
        """The number was read off the door: the earlier one was wrong."""
        return "replace"

    def _lay_in(self, step: Ask) -> str:
        for door in self.open_doors():
            self.drawn.body.put_papers(self.drawn.channels[self.drawn.doors[door]], "a box", self.site.ms)
        return ""

    def _take_out(self, step: Ask) -> str:
        for door in self.open_doors():
            self.drawn.body.take_papers(self.drawn.channels[self.drawn.doors[door]], self.site.ms)
        return ""

    def _still_open(self, step: Ask) -> str:
        self.shut_all()
        return "again"

    def _open_again(self, step: Ask) -> str:
        return "skip"

    def _another_round(self, step: Ask) -> str:
        return "yes"

    # --- the rest ---------------------------------------------------------------------------------

    def _which_scanner(self, step: Ask) -> str:
        return self.drawn.scanner_kind

    def _scanner_port(self, step: Ask) -> str:
        return self.drawn.scanner_port

    def _scanner_rate(self, step: Ask) -> str:
        return str(self.drawn.scanner_baud)

    def _save(self, step: Ask) -> str:
        return "yes"

    def _what_now(self, step: Ask) -> str:
        return "doors"


class Practice:
    """A person at the terminal with a simulated cabinet: what hands would do is typed, before the answer.

    ``open 7``, ``shut 7`` (or ``shut``: all), ``put 7``, ``take 7``, ``scan``.
    """

    def __init__(self, site: VirtualSite, typed: Callable[[], str]) -> None:
        """``typed`` gives the next line."""
        self._hands, self._site, self._typed = Technician(site), site, typed
        self._code = ""

    def told(self, step: Step) -> None:
        """Remembers the code on the screen; a scanner that is looked for has its key pressed."""
        if isinstance(step, ShowCode):
            self._code = step.text
        elif isinstance(step, Tell) and step.key == "scanner_searching":
            self._hands.told(step)

    def answer(self, step: Ask) -> str:
        """The first line that is no deed of hands."""
        while True:
            words = self._typed()
            deed, _, number = words.partition(" ")
            if deed not in ("open", "shut", "put", "take", "scan"):
                return words
            self._do(deed, int(number) if number.isdecimal() else 0)

    def _do(self, deed: str, door: int) -> None:
        drawn, ms = self._hands.drawn, self._site.ms
        place = drawn.doors.get(door)
        if deed == "scan":
            drawn.scanner.show(self._code, ms, held_ms=20_000)
        elif deed == "shut" and place is None:
            self._hands.shut_all()
        elif place is not None:
            body, channel = drawn.body, drawn.channels[place]
            deeds = {"open": body.force, "shut": body.shut, "take": body.take_papers}
            if deed == "put":
                body.put_papers(channel, "a box", ms)
            else:
                deeds[deed](channel, ms)
