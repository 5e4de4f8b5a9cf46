"""The bench of commissioning: carries out the dialogue's orders with the drivers that the cabinet will run with.

Boards are looked for with ``drivers.survey``; doors are read and opened by the very drivers of the program, on a
provisional configuration in which every channel of every board is a door. A pulse needs the consent that its order
carries, which is spent before the driver hears of it, and waits for the coils' rest like every pulse of the program
(``locker.coil``): one coil at a time, each with its cool-down, so many a minute.

Knows drivers, time as it is handed to it, and orders; must never know which answer led to an order. The one module
beside the assembly that brings drivers and decisions together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from drivers.port import PortLike
from drivers.scanners import scanner_driver
from drivers.survey import Survey
from drivers.survey_kinds import RATES, Sighting, locks_one_by_one, surveys
from locker.coil import CoilGuard, Limit
from locker.commission.steps import (
    AskLocks,
    AwaitLevel,
    AwaitScan,
    Find,
    FindPins,
    FindScanner,
    Found,
    Levels,
    Look,
    Open,
    Opened,
    Place,
    Reply,
    ScannerSeen,
    Search,
    Step,
)
from locker.config import Board, Config, Door, Scanner
from locker.config_checks import CHANNELS
from locker.config_gpio import GpioBoard
from locker.config_serial import EightABoard
from locker.model import (
    BoardBack,
    BoardSilent,
    DeviceTrouble,
    DoorSeen,
    Driver,
    Event,
    Now,
    PortLost,
    Pulse,
    PulseAnswered,
    PulseDropped,
    PulseSent,
    Scanned,
)

LOOK_MS, LOOK_MS_MAX = 1000, 4000
"""How long doors are read until what they say counts; and at most, where a board is silent."""
OPEN_MS, AFTER_MS = 3000, 500
"""How long a door may take to be seen open; and how long others are watched after it."""
_PINS_MS = 300
_SCANNER_MS = 15_000
_TROUBLES_MAX = 20


class Surroundings(Protocol):
    """What the bench stands in: a clock, a way to wait, ports and pins."""

    def now(self) -> Now:
        """This moment."""

    def wait(self, until_ms: int, descriptors: Sequence[int]) -> None:
        """Until then, or until a descriptor has something."""

    def open_port(self, path: str, baud: int) -> PortLike:
        """A serial port, not opened yet."""

    def scanner_port(self, scanner: Scanner) -> PortLike | None:
        """A scanner's port; None: the one that its name leads to."""

    def gpio(self, cfg: Config) -> list[Driver]:
        """The drivers of boards on pins."""


class Workbench:
    """Carries out one order after the other. ``progress`` is told how far a search is."""

    def __init__(
        self, config: Config, surroundings: Surroundings, progress: Callable[[str], None] = lambda words: None
    ) -> None:
        """Nothing is opened yet."""
        self._config, self._around, self._progress = config, surroundings, progress
        self._guard = CoilGuard(config.coil, 1000, surroundings.now().ms)
        self._boards: tuple[Board, ...] = ()
        self._drivers: list[Driver] = []
        self._places: list[Place] = []
        self._numbers: dict[Place, int] = {}
        self._bits: dict[str, int] = {}
        self._hooks: dict[Place, int] = {}
        self._items: dict[Place, bool] = {}
        self._silent: set[str] = set()
        self._troubles: list[str] = []
        self._pulse: list[Event] = []
        self._scanner: Driver | None = None
        self._scans: list[bytes] = []

    def carry_out(self, step: Step) -> Reply:
        """Do it and say what came of it. Raises ``ValueError`` for a step that is not the bench's."""
        match step:
            case Find():
                return self._find(step)
            case FindPins():
                return self._find_pins(step)
            case Look():
                return self._look(step.boards)
            case AskLocks():
                return self._ask_locks(step)
            case AwaitLevel():
                self._start(step.boards)
                return self._run(step.wait_ms, lambda: self._hooks.get(step.place) == step.level)
            case Open():
                return self._open(step)
            case FindScanner():
                return self._find_scanner(step)
            case AwaitScan():
                return self._await_scan(step)
            case _:
                raise ValueError(f"{type(step).__name__} is no order for the bench")

    def close(self) -> None:
        """Let go of every port and pin, with every output off."""
        self._stop()
        if self._scanner is not None:
            self._scanner.close()
            self._scanner = None

    # --- searching --------------------------------------------------------------------------------

    def _find(self, step: Find) -> Search:
        """Port by port; on each, rate by rate until something answers."""
        self._stop()
        found: list[Found] = []
        noise, troubles = 0, []
        for path in step.ports:
            for baud in RATES[step.family]:
                self._progress(f"{path} {baud}")
                here, more, why = self._survey(step.family, path, baud, step.thorough)
                noise += more
                found += here
                if why:
                    troubles.append(why)
                if here or why:
                    break
        return Search(tuple(found), noise, tuple(dict.fromkeys(troubles)))

    def _survey(self, family: str, path: str, baud: int, thorough: bool) -> tuple[list[Found], int, str]:
        """One port at one rate: what was found, how much noise, and why it cannot be used."""
        found: list[Found] = []
        noise = 0
        for decoder, script in surveys(family, path, baud, thorough):
            survey = self._through(Survey(self._around.open_port(path, baud), decoder, script))
            if survey.why:
                return [], noise, survey.why
            found += [_found(sighting, survey.echoed) for sighting in survey.result or ()]
            noise += survey.noise
        return found, noise, ""

    def _through(self, survey: Survey) -> Survey:
        """Run it to its end and close its port."""
        try:
            while not survey.turn(self._around.now().ms):
                descriptor = survey.fileno()
                until_ms = survey.deadline_ms(self._around.now().ms)
                self._around.wait(until_ms, [] if descriptor is None else [descriptor])
        finally:
            survey.close()
        return survey

    def _ask_locks(self, step: AskLocks) -> dict[int, int | None]:
        if not isinstance(step.board, EightABoard):
            return {}
        self._stop()
        decoder, script = locks_one_by_one(step.board, step.locks)
        port = self._around.open_port(step.board.port, step.board.baud)
        return dict(self._through(Survey(port, decoder, script)).result or {})

    def _find_pins(self, step: FindPins) -> Search:
        """The first candidate that can be read; the first one's trouble, when none can."""
        first: tuple[str, ...] = ()
        for board in step.candidates:
            try:
                self._start((board,))
            except OSError as error:
                return Search(troubles=(str(error),))
            self._run(_PINS_MS, lambda: bool(self._hooks) or bool(self._silent))
            if self._hooks:
                return Search((Found(board, _channels(board)),))
            first = first or tuple(self._troubles)
            self._stop()
        return Search(troubles=first)

    # --- doors ------------------------------------------------------------------------------------

    def _look(self, boards: tuple[Board, ...]) -> Levels:
        self._start(boards)
        self._troubles.clear()
        self._settle()
        for driver in self._drivers:
            if driver.counters().get("pushed"):
                self._trouble(f"{driver.name}: tells by itself when a door moves (81 or 82); that needs no setting")
        return Levels(dict(self._hooks), dict(self._items), tuple(sorted(self._silent)), tuple(self._troubles))

    def _settle(self) -> None:
        """Read for long enough that what is known is of now, however long nobody read before; silence has its limit."""
        begun_ms = self._around.now().ms
        self._run(
            LOOK_MS_MAX,
            lambda: len(self._hooks) == len(self._places) and self._around.now().ms >= begun_ms + LOOK_MS,
            at_least_ms=LOOK_MS,
        )

    def _open(self, step: Open) -> Opened:
        """Wait for the coils' rest, spend the consent, order once, and watch."""
        self._start(step.boards)
        self._settle()
        door = self._numbers[step.place]
        now = self._around.now()
        while (due := self._guard.earliest_ms(door, now.ms, staffed=True))[1] is not Limit.NONE:
            self._run(due[0] - now.ms, lambda: False)
            now = self._around.now()
        step.consent.spend(step.place)
        before, begun_ms = dict(self._hooks), now.ms
        times: dict[Place, int] = {}
        self._pulse = []
        self._guard.pulsed(door, now.ms, first=True, staffed=True)
        next(driver for driver in self._drivers if driver.accepts(Pulse(door))).perform(Pulse(door), now)
        self._run(OPEN_MS, lambda: self._moved(before, times, begun_ms) or self._dropped())
        self._run(AFTER_MS, lambda: self._dropped() or (self._moved(before, times, begun_ms) and False))
        return self._outcome(before, times, begun_ms)

    def _moved(self, before: dict[Place, int], times: dict[Place, int], begun_ms: int) -> bool:
        """Whether some channel reads otherwise than before; when that was first seen."""
        for place in self._changed(before):
            times.setdefault(place, self._around.now().ms - begun_ms)
        return bool(times)

    def _changed(self, before: dict[Place, int]) -> list[Place]:
        return [place for place, level in before.items() if self._hooks.get(place, level) != level]

    def _dropped(self) -> bool:
        return any(isinstance(event, PulseDropped) for event in self._pulse)

    def _outcome(self, before: dict[Place, int], times: dict[Place, int], begun_ms: int) -> Opened:
        self._moved(before, times, begun_ms)
        stayed = {place: (times[place], before[place]) for place in self._changed(before)}
        why = next((event.why for event in self._pulse if isinstance(event, PulseDropped)), "")
        answer = next((event.answer.value for event in self._pulse if isinstance(event, PulseAnswered)), "")
        sent = any(isinstance(event, PulseSent) for event in self._pulse)
        return Opened(sent, stayed, answer, why or ("" if sent else "the board did not take it in time"))

    # --- the scanner ------------------------------------------------------------------------------

    def _find_scanner(self, step: FindScanner) -> ScannerSeen | None:
        """By the driver's own search for the rate; where nothing can be asked, the port must open at least."""
        self._listen(Scanner(port=step.port, kind=step.kind, baud=step.baud or 9600), asked=False)  # type: ignore[arg-type]
        if step.kind in ("honeywell", "line", "keyboard"):
            self._run(_PINS_MS, lambda: bool(self._troubles))
            baud = step.baud or 9600
            scanner = Scanner(port=step.port, kind=step.kind, baud=baud)  # type: ignore[arg-type]
            return None if self._troubles else ScannerSeen(scanner, answered=False)
        self._listen(Scanner(port=step.port, kind=step.kind, baud=0))  # type: ignore[arg-type]
        self._run(_SCANNER_MS, lambda: bool(self._troubles))
        rate = next((word for word in self._troubles if "baud rate found" in word), "")
        if not rate:
            return None
        baud = int(rate.split(":")[-1].split(";")[0])
        scanner = Scanner(port=step.port, kind=step.kind, baud=baud)  # type: ignore[arg-type]
        self._run(LOOK_MS_MAX // 2, lambda: False)
        return ScannerSeen(scanner, answered=True, troubles=tuple(t for t in self._troubles if t != rate))

    def _await_scan(self, step: AwaitScan) -> str | None:
        if self._scanner is None:
            self._listen(step.scanner)
        self._scans.clear()
        self._run(step.wait_ms, lambda: bool(self._scans))
        return self._scans[-1].decode("utf-8", errors="replace") if self._scans else None

    def _listen(self, scanner: Scanner, asked: bool = True) -> None:
        """With this scanner and nothing else."""
        self.close()
        self._troubles.clear()
        self._scans.clear()
        if asked or scanner.kind in ("honeywell", "line", "keyboard"):
            self._scanner = scanner_driver(scanner, self._around.scanner_port(scanner))

    # --- drivers and time -------------------------------------------------------------------------

    def _start(self, boards: tuple[Board, ...]) -> None:
        """The drivers of these boards, every channel a door; nothing, when they are the ones that run."""
        if boards == self._boards:
            return
        self._stop()
        self._boards = boards
        self._bits = {board.name: board.closed_bit for board in boards}
        self._places = [Place(board.name, channel) for board in boards for channel in range(_channels(board))]
        self._numbers = {place: at + 1 for at, place in enumerate(self._places)}
        doors = [_door(place, at + 1, boards) for at, place in enumerate(self._places)]
        cfg = msgspec.structs.replace(self._config, boards=list(boards), doors=doors)
        if any(isinstance(board, GpioBoard) for board in boards):
            self._drivers += self._around.gpio(cfg)
        if not all(isinstance(board, GpioBoard) for board in boards):
            from drivers.lock_boards import lock_boards

            self._drivers += lock_boards(cfg, lambda board: self._around.open_port(board.port, board.baud))

    def _stop(self) -> None:
        for driver in self._drivers:
            try:
                driver.close()
            except OSError as error:
                self._trouble(f"{driver.name}: {error}")
        self._drivers, self._boards = [], ()
        self._hooks.clear()
        self._items.clear()
        self._silent.clear()

    def _run(self, for_ms: int, until: Callable[[], bool], at_least_ms: int = 0) -> bool:
        """Let the drivers work until something holds, or for so long; whether it holds."""
        begun_ms = self._around.now().ms
        drivers = [*self._drivers, *([self._scanner] if self._scanner is not None else [])]
        while True:
            now = self._around.now()
            for driver in drivers:
                for event in driver.refresh(now):
                    self._take(event)
            if until():
                return True
            if now.ms >= begun_ms + for_ms:
                return False
            due = [ms for driver in drivers if (ms := driver.deadline_ms()) is not None]
            if at_least_ms and now.ms < begun_ms + at_least_ms:
                due.append(begun_ms + at_least_ms)
            descriptors = [fd for driver in drivers if (fd := driver.fileno()) is not None]
            self._around.wait(min([*due, begun_ms + for_ms]), descriptors)

    def _take(self, event: Event) -> None:
        """Note a fact."""
        match event:
            case DoorSeen() if 0 < event.door <= len(self._places):
                place = self._places[event.door - 1]
                self._hooks[place] = self._bits[place.board] ^ event.open
                if event.occupied is not None:
                    self._items[place] = event.occupied
            case BoardSilent():
                self._silent.add(event.board)
                for place in [place for place in self._hooks if place.board == event.board]:
                    del self._hooks[place]
            case BoardBack():
                self._silent.discard(event.board)
            case PulseSent() | PulseDropped() | PulseAnswered():
                self._pulse.append(event)
            case DeviceTrouble():
                self._trouble(f"{event.device}: {event.what}: {event.detail}")
            case PortLost():
                self._trouble(f"{event.device}: {event.why}")
            case Scanned():
                self._scans.append(event.data)
            case _:
                pass

    def _trouble(self, words: str) -> None:
        if words not in self._troubles and len(self._troubles) < _TROUBLES_MAX:
            self._troubles.append(words)


def _found(sighting: Sighting, echoed: bool) -> Found:
    board = msgspec.structs.replace(sighting.board, local_echo=True) if echoed else sighting.board
    return Found(
        board, sighting.locks, sighting.version, sighting.pulse_ms, sighting.state_bytes, unpaired=sighting.unpaired
    )


def _channels(board: Board) -> int:
    own: int | None = getattr(board, "channels", None)
    return own if own is not None else CHANNELS[board.kind]


def _door(place: Place, number: int, boards: Sequence[Board]) -> Door:
    """A channel as a door of the provisional configuration; with a sensor wherever there can be one."""
    board = next(board for board in boards if board.name == place.board)
    sensing = place.channel < board.senses if isinstance(board, GpioBoard) else board.kind == "kr-cu16"
    return Door(door=number, size="S", side="left", row=1, channel=place.channel, board=place.board, occupancy=sensing)
