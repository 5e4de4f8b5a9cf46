"""The street in front of the demo's cabinet: doors, boards and scanner on pseudo-terminals, in real time.

Knows the far side of each wire and passes bytes between them and the pseudo-terminals; everything a person could do
with their hands is a method. Must never know codes, brokers or what the controller believes. Times are boot time.
"""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable
from typing import Any, Protocol

from locker.clock import boot_ms
from sim.body import Body
from sim.demo_boards import FarBoards
from sim.demo_harness import Harness
from sim.demo_screen import ScreenLink
from sim.demo_site import Site
from sim.gm65 import Gm65
from sim.links import FaultyWire
from sim.pty_port import PtyPort
from sim.serial_server import SerialServer
from sim.watch import REST_SLACK_MS, CoilRun, Keyed, Move, Unlock

TURN_MS_MAX = 50
READING_MS = 700
JAMMED_FOR_GOOD = 1_000_000


class Plug(Protocol):
    """What can be pulled out of the computer and put back, with a far side behind it."""

    @property
    def plugged(self) -> bool:
        """Whether it is in its socket."""

    @property
    def filenos(self) -> list[int]:
        """Every descriptor that may become readable."""

    def deadline_ms(self) -> int | None:
        """When the far side has something to do by itself, or None."""

    def pump(self, now_ms: int) -> None:
        """Carry both ways what there is."""

    def plug(self) -> None:
        """Put it back."""

    def unplug(self) -> None:
        """Pull it."""

    def close(self) -> None:
        """Take it away for good."""


def _boards(site: Site, body: Body) -> tuple[FarBoards, Plug]:
    """The boards, and what they hang on: a pseudo-terminal, a serial server, or the computer's pins."""
    if site.boards.far_side is None:
        harness = Harness(site.pins_folder, body, site.pace.pulse_ms)
        return harness, harness
    boards = site.boards.far_side(body, site.pace.pulse_ms)
    wire = FaultyWire(boards, echo=True) if site.boards.echoes else boards
    return boards, SerialServer(wire, site.board_number) if site.boards.by_tcp else PtyPort(site.board_link, wire)


class Street:
    """A cabinet that can be touched. Every method may be called from any thread."""

    def __init__(self, site: Site, seed: int) -> None:
        """Put the cabinet up, all doors shut, both devices plugged in; nothing moves before ``start``."""
        self.doors = {door.door: door.door - 1 for door in site.config.doors}
        self._labels = {channel: door for door, channel in self.doors.items()}
        rest_ms = site.pace.cooldown_ms - REST_SLACK_MS
        self.body = Body(len(self.doors), seed, cooldown_ms=rest_ms, coil_a=site.boards.coil_a)
        self.hand_ms = site.boards.hand_ms
        self.board, board_plug = _boards(site, self.body)
        self.scanner = Gm65()
        self.scanner.power_cycle(boot_ms())
        self.screen = ScreenLink(site.panel_socket)
        self.moves: list[Move] = []
        self.keyed: list[Keyed] = []
        self.lying: set[int] = set()
        self.jams: dict[int, str] = {}
        self.changed = threading.Condition()
        self._ports: dict[str, Plug] = {
            "board": board_plug,
            "scanner": PtyPort(site.scanner_link, self.scanner),
        }
        self._shut = dict.fromkeys(self.doors, True)
        self._read_ms = -READING_MS
        self._wake, self._waker = socket.socketpair()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="demo-street", daemon=True)

    def start(self) -> Street:
        """Let time pass."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop the time and take the devices away."""
        self._ended = True
        self._waker.send(b".")
        if self._thread.is_alive():
            self._thread.join(5)
        self.screen.close()
        for port in self._ports.values():
            port.close()
        self._wake.close()
        self._waker.close()

    def until(self, true: Callable[[], bool], timeout_s: float) -> bool:
        """Wait for something in the street to be true; looked at after every change. False after ``timeout_s``."""
        with self.changed:
            return self.changed.wait_for(true, timeout_s)

    def notify(self) -> None:
        """Something outside the street has changed that somebody may wait for."""
        with self.changed:
            self.changed.notify_all()

    # --- what hands do ---

    def hold(self, text: str) -> None:
        """Hold a code to the scanner's window for a moment."""
        with self.changed:
            self._read_ms = boot_ms()
            self.scanner.show(text, self._read_ms)
        self._waker.send(b".")

    def touch(self, button: str, screen: int | None = None) -> None:
        """Press a button on the screen, of the screen now shown or of an earlier number. Raises ``ValueError``."""
        with self.changed:
            shown = self.screen.screen
            number = screen if screen is not None else shown["number"] if shown else 0
            self.screen.touch(button, number)

    def type_code(self, digits: str, screen: int | None = None) -> None:
        """Type a pick-up code on the keypad of the screen now shown or of an earlier number. Raises ``ValueError``."""
        with self.changed:
            shown = self.screen.screen
            number = screen if screen is not None else shown["number"] if shown else 0
            self.keyed.append(Keyed(boot_ms(), digits))
            self.screen.type_code(digits, number)

    def shut(self, door: int) -> None:
        """Push a door shut. Raises ``ValueError`` while its coil is on: it springs open again."""
        with self.changed:
            if not self.body.shut(self.doors[door], boot_ms()):
                raise ValueError(f"{door} 号门正在通电，还关不上  the coil of door {door} is on; try again")
            self._look()

    def put(self, door: int, what: str = "papers") -> None:
        """Lay papers into an open compartment. Raises ``ValueError`` when it is shut."""
        with self.changed:
            if not self.body.put_papers(self.doors[door], what, boot_ms()):
                raise ValueError(f"{door} 号门关着  door {door} is shut")

    def take(self, door: int) -> list[str]:
        """Take everything out of an open compartment. Raises ``ValueError`` when it is shut."""
        with self.changed:
            papers = self.body.take_papers(self.doors[door], boot_ms())
            if papers is None:
                raise ValueError(f"{door} 号门关着  door {door} is shut")
            return papers

    def press(self, door: int, press: bool = True) -> None:
        """Lean on a door, or let go of it."""
        with self.changed:
            (self.body.press if press else self.body.let_go)(self.doors[door], boot_ms())
        self._waker.send(b".")

    def force(self, door: int) -> None:
        """Pry a door open."""
        with self.changed:
            self.body.force(self.doors[door], boot_ms())
            self._look(by="force")

    # --- what goes wrong ---

    def jam(self, door: int, pulses: int = JAMMED_FOR_GOOD) -> None:
        """The hook holds against so many pulses, for good by default; 0 heals it."""
        with self.changed:
            self.body.jam(self.doors[door], pulses)
            self.jams[door] = "jam" if pulses else ""

    def stick(self, door: int, sticks: bool = True) -> None:
        """The hook lets go only while the door is pressed."""
        with self.changed:
            self.body.jam(self.doors[door], JAMMED_FOR_GOOD if sticks else 0)
            self.jams[door] = "press_jam" if sticks else ""

    def stick_sensor(self, door: int, closed: bool | None) -> None:
        """The door's switch says this whatever the door does; None heals it."""
        with self.changed:
            self.body.stick_sensor(self.doors[door], closed)
            self.lying.add(door)
        self._waker.send(b".")

    def unplug(self, part: str) -> None:
        """Pull the board's or the scanner's plug."""
        with self.changed:
            self._ports[part].unplug()
        self._waker.send(b".")

    def plug(self, part: str) -> None:
        """Put the plug back; the device comes back under another name behind the same link."""
        with self.changed:
            if part == "scanner" and not self._ports[part].plugged:
                self.scanner.power_cycle(boot_ms())
            self._ports[part].plug()
        self._waker.send(b".")

    # --- what can be seen ---

    def is_open(self, door: int) -> bool:
        """Whether a door stands open."""
        return not self.body.compartments[self.doors[door]].shut

    def papers(self, door: int) -> list[str]:
        """What lies in a compartment."""
        return list(self.body.compartments[self.doors[door]].papers)

    def plugged(self, part: str) -> bool:
        """Whether the board or the scanner is plugged in."""
        return self._ports[part].plugged

    def view(self) -> tuple[list[dict[str, Any]], bool]:
        """Return each door as the page draws it, and whether the scanner is reading."""
        with self.changed:
            now_ms = boot_ms()
            self.body.advance(now_ms)
            doors = []
            for door, channel in self.doors.items():
                box = self.body.compartments[channel]
                jam = self.jams.get(door, "") if box.jammed_pulses else ""
                coil = box.coil_off_ms is not None and box.coil_off_ms > now_ms
                sensor = "" if box.sensor is None else "stuck"
                seen = {"door": door, "open": not box.shut, "papers": bool(box.papers), "coil": coil}
                doors.append(seen | {"jam": jam, "sensor": sensor})
            return doors, now_ms - self._read_ms < READING_MS

    def unlocks(self) -> tuple[Unlock, ...]:
        """Every unlock order that arrived at the board."""
        with self.changed:
            return tuple(Unlock(at_ms, self._labels.get(channel, 0)) for at_ms, channel in self.board.unlocks)

    def coils(self) -> tuple[CoilRun, ...]:
        """Every time a coil was energised."""
        with self.changed:
            return tuple(
                CoilRun(self._labels[pulse.channel], pulse.ms, pulse.ms + pulse.pulse_ms) for pulse in self.body.pulses
            )

    def breaches(self) -> tuple[str, ...]:
        """What the coils had to bear that they must not."""
        with self.changed:
            return tuple(f"coil {self._labels[b.channel]}: {b.what} at {b.ms} ms" for b in self.body.breaches)

    # --- time ---

    def _run(self) -> None:
        while not self._ended:
            try:
                ready, _, _ = select.select(self._descriptors(), [], [], self._pause_ms() / 1000)
            except (OSError, ValueError):
                continue  # a plug was pulled in this very moment
            if self._wake in ready:
                self._wake.recv(4096)
            with self.changed:
                now_ms = boot_ms()
                for port in self._ports.values():
                    port.pump(now_ms)
                self.body.advance(now_ms)
                self._look()
                self.screen.refresh(now_ms)
                self.changed.notify_all()

    def _descriptors(self) -> list[Any]:
        screen = self.screen.fileno()
        numbers = [number for port in self._ports.values() for number in port.filenos]
        return [self._wake, *numbers, *([] if screen is None else [screen])]

    def _pause_ms(self) -> int:
        with self.changed:
            times = (*(port.deadline_ms() for port in self._ports.values()), self.body.deadline_ms())
        due_ms = min((ms for ms in times if ms is not None), default=boot_ms() + TURN_MS_MAX)
        return max(0, min(TURN_MS_MAX, due_ms - boot_ms()))

    def _look(self, by: str = "") -> None:
        """Note each door that has moved since the last look."""
        for door, channel in self.doors.items():
            box = self.body.compartments[channel]
            if box.shut is not self._shut[door]:
                self._shut[door] = box.shut
                cause = "hand" if box.shut else by or ("press" if box.pressed else "pulse")
                self.moves.append(Move(box.moved_ms, door, not box.shut, cause))
