"""The whole program on a virtual clock, with a voice: real drivers, and pretended only what is at the wires' ends.

Locks and switches hang on mock pins with a mechanical cabinet behind them, the scanner on a pseudo-terminal, pages are
plain sockets at the kiosk's port. ``espeak-ng`` and ``aplay`` are two scripts that are found before the real ones: the
first writes a file that says what was to be spoken, the second a line for each prompt that it was given to play.
"""

from __future__ import annotations

import json
import os
import select
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from gpio_rig import example
from stage import AUD, RESIDENTS

from drivers.gpio_kinds import gpio_boards
from drivers.voice import VoiceDriver
from locker import BUILT_S
from locker.assembly import Program
from locker.authority.issue import issue
from locker.config import Config, Key, Kiosk, Scanner
from locker.config_hours import Quiet, Voice
from locker.model import Driver, Now, Purpose, Quality
from sim.gpio_cabinet import GpioCabinet

DAY_S, HOUR_S, AHEAD_H = 86_400, 3600, 8
"""The cabinet's zone is eight hours ahead of Universal Time."""
REAL_S_MAX = 30.0
SPEAKS = """#!/bin/sh
{ printf '%s %s\\n' "$2" "${10}"; head -c 4000 /dev/zero; } > "$8"
"""
PLAYS = """#!/bin/sh
shift 3
line=
for file; do
  case "$file" in *chime*) line="$line|chime" ;; *) line="$line|$(head -n 1 "$file")" ;; esac
done
echo "$line" >> "@"
"""


def stirs(driver: Driver, lest: str) -> None:
    """Wait until a device's descriptor has something."""
    descriptor = driver.fileno()
    assert descriptor is not None and select.select([descriptor], [], [], REAL_S_MAX)[0], lest


class Page:
    """Somebody's page at the kiosk's port."""

    def __init__(self, hall: Hall) -> None:
        self._hall, self._heard = hall, b""
        hall.pages.append(self)
        self._link = socket.create_connection(("127.0.0.1", hall.kiosk.port))
        self._link.sendall(f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{hall.kiosk.port}\r\n\r\n".encode())
        self.stream = int(self.sees("stream"))

    def sees(self, name: str) -> Any:
        """Wait for an event of this name, and return the newest one's data."""
        self._hall.until(self._link, lambda: self._has(name), f"an event {name}")
        return json.loads(self._heard.rpartition(f"event: {name}\ndata: ".encode())[2].partition(b"\n")[0])

    def _has(self, name: str) -> bool:
        if select.select([self._link], [], [], 0)[0]:
            self._heard += self._link.recv(65_536)
        return f"event: {name}\ndata: ".encode() in self._heard and self._heard.endswith(b"\n\n\r\n")

    def says(self, **message: object) -> int:
        """Post something, and return the answer's status."""
        own, body = f"127.0.0.1:{self._hall.kiosk.port}", json.dumps(message).encode()
        head = f"Host: {own}\r\nOrigin: http://{own}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        with socket.create_connection(("127.0.0.1", self._hall.kiosk.port)) as link:
            link.sendall(f"POST /say HTTP/1.1\r\n{head}\r\n\r\n".encode() + body)
            self._hall.until(link, lambda: bool(select.select([link], [], [], 0)[0]), "an answer")
            answer = int(link.recv(4096).split()[1])
        self._hall.wait(0)
        return answer

    def switches(self, language: str) -> int:
        """Somebody switches the page, or it goes back by itself ("")."""
        return self.says(language=language, stream=self.stream)

    def touches(self, button: str) -> None:
        """Press a button of the screen that is shown."""
        assert self.says(touch=button, screen=self._hall.shown) == 204

    def hangs_up(self) -> None:
        """It is gone; twice is once."""
        self._link.close()

    def close(self) -> None:
        """It is gone, and the program has noticed."""
        self.hangs_up()
        self._hall.notices()


class Hall:
    """A cabinet that speaks, and somebody in front of it."""

    def __init__(self, folder: Path, port: int, hour: int = 12, languages: str = "zh") -> None:
        """It is this hour at the cabinet; ``languages`` are those of its configuration."""
        self._folder, self.ms, self.boots, self.issued = folder, 1_000_000, 0, 0
        self.wall_ms = ((BUILT_S // DAY_S + 2) * DAY_S + (hour - AHEAD_H) * HOUR_S) * 1000
        self._log = folder / "played"
        self._log.touch()
        self.path = folder / "bin"
        self.path.mkdir()
        for name, text in (("espeak-ng", SPEAKS), ("aplay", PLAYS.replace("@", str(self._log)))):
            (self.path / name).write_text(text)
            (self.path / name).chmod(0o755)
        self._code, terminal = os.openpty()
        self.kiosk = Kiosk(port=port)
        self.pages: list[Page] = []
        self.cfg = self._config(os.ttyname(terminal), languages)
        self._terminal = terminal
        self.far = GpioCabinet(self.cfg.boards[0])  # type: ignore[arg-type]
        self.far.advance(self.ms)
        self._heard = 0
        self.start()

    def _config(self, terminal: str, languages: str) -> Config:
        cfg = example("pins")
        made: Config = msgspec.structs.replace(
            cfg,
            cabinet=msgspec.structs.replace(cfg.cabinet, id=AUD),
            keys=[Key(public=RESIDENTS.public.hex(), purposes=["deposit", "collect"])],
            scanner=Scanner(port=terminal, kind="line"),
            store=msgspec.structs.replace(cfg.store, path=str(self._folder / "locker.db")),
            kiosk=self.kiosk,
            quiet=Quiet(),
            panel=None,
            voice=Voice(folder=str(self._folder / "cache"), device="null", languages=languages),  # type: ignore[arg-type]
        )
        return made

    # --- the machine ---

    def start(self) -> None:
        """A new process on the same disk, wires and port."""
        self.boots += 1
        self.program = Program(self.cfg, lambda: self.now, f"boot{self.boots}", self._boards)
        self.program.service.start(self.now)
        self.wait(4000)

    def _boards(self, cfg: Config) -> list[Driver]:
        return [*gpio_boards(cfg, self.far.open_pins, self.far.open_bus)]

    def stop(self) -> None:
        """The program ends as it does on SIGTERM, and its lock with it."""
        self.program.service.stop(self.now)
        self.program._lock.close()

    def close(self) -> None:
        """End everything."""
        for page in self.pages:
            page.hangs_up()
        self.stop()
        os.close(self._code)
        os.close(self._terminal)

    @property
    def now(self) -> Now:
        """The virtual clock."""
        return Now(self.ms, self.wall_ms, Quality.SYNCED)

    def wait(self, for_ms: int) -> None:
        """Time passes from deadline to deadline, as the runner would have it; what is being said is said out."""
        end_ms = self.ms + for_ms
        while True:
            self.far.advance(self.ms)
            due = self.program.service.turn(self.now)
            while self._voice.busy:
                stirs(self._voice, "a child that does not end")
                due = self.program.service.turn(self.now)
            times = (due, self.far.deadline_ms(), end_ms + 1)
            next_ms = max(self.ms + 1, min(ms for ms in times if ms is not None))
            if next_ms > end_ms:
                self.wall_ms, self.ms = self.wall_ms + end_ms - self.ms, end_ms
                return
            self.wall_ms, self.ms = self.wall_ms + next_ms - self.ms, next_ms

    def until(self, link: socket.socket | None, met: Callable[[], bool], what: str) -> None:
        """Turn at this instant, whenever a descriptor has something, until this is so."""
        while not met():
            watched = [fd for driver in self.program.service.drivers if (fd := driver.fileno()) is not None]
            watched += [link.fileno()] if link is not None else []
            assert select.select(watched, [], [], REAL_S_MAX)[0], f"{what}: nothing comes"
            self.wait(0)

    def notices(self) -> None:
        """The kiosk's port notices that somebody has hung up."""
        stirs(self.driver("kiosk"), "nothing comes from the pages")
        self.wait(0)

    def driver(self, name: str) -> Driver:
        """One device of the program."""
        return next(driver for driver in self.program.service.drivers if driver.name == name)

    @property
    def _voice(self) -> VoiceDriver:
        found = self.driver("voice")
        assert isinstance(found, VoiceDriver)
        return found

    # --- people ---

    @property
    def shown(self) -> int:
        """The number of the screen."""
        return self.program.service.cabinet.screen.shown.number

    def scan(self, order: str) -> int:
        """Hold a fresh code for a drop-off before the scanner; the visit's door, open by now."""
        self.issued += 1
        seconds = self.wall_ms // 1000
        claims = {"iat": seconds - 5, "exp": seconds + 600, "cti": b"%016d" % self.issued}
        code = issue(key=RESIDENTS, aud=AUD, purpose=Purpose.DEPOSIT, order=order.encode(), **claims)  # type: ignore[arg-type]
        os.write(self._code, code.encode() + b"\r")
        self.until(None, lambda: self.program.service.cabinet.visit.door != 0, "a visit")
        self.wait(1500)
        return self.program.service.cabinet.visit.door

    def shut(self, door: int) -> None:
        """Papers in, and the door pushed shut."""
        channel = next(plan.channel for plan in self.cfg.doors if plan.door == door)
        assert self.far.body.put_papers(channel, "form", self.ms)
        assert self.far.body.shut(channel, self.ms)
        self.wait(1000)

    def heard(self) -> list[list[str]]:
        """The prompts that were played since it was asked last, each in its sentences behind their voice's name."""
        lines = self._log.read_text("utf-8").splitlines()
        new, self._heard = lines[self._heard :], len(lines)
        return [line.split("|")[1:] for line in new]
