"""The demo's site: one cabinet's place in the world, in a temporary folder: names, keys, paths, configuration.

Knows what the configuration file of a cabinet says. Must never know what happens there; two ``Pace``s, for people to
look at and for the scripted day, differ only in their waiting times.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from locker.authority import hotp
from locker.authority.ed25519 import PrivateKey
from locker.config import Config, load
from locker.device import provision
from sim.broker import free_port
from sim.demo_boards import DEFAULT, LINES, Boards, boards
from sim.demo_parts import settings

CABINET = "demo-1"
PHONE = "0311-8505 1234"
INVITE = "https://hgj.example/lk/{cabinet}?n={nonce}"
SIDES = ("left", "middle", "right")
SIZES = "MSSSSMML"
LOW_ROWS = (5, 6, 7)
"""The doors are those of the commented example, config/cabinet.toml: three columns of eight (a test compares them)."""

NOTICES = """
[[notices]]
zh = "能办：居住证明、医保、便民服务、投诉建议"
en = "Here: residence papers, health insurance, services, complaints"
"""
"""What the idle screen says besides; the community's own week is in config/cabinet.toml."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The waiting times of a demo, in milliseconds or per minute as their names in the configuration say.

    ``parts``: whether the cabinet has a reserve supply, lamps and the other parts beside its doors.
    """

    open_wait_ms: int = 1500
    rest_ms: int = 1500
    press_ms: int = 6000
    reminder_ms: int = 30_000
    alarm_ms: int = 60_000
    grace_ms: int = 60_000
    notice_ms: int = 12_000
    repeat_ms: int = 1500
    pulse_ms: int = 500
    cooldown_ms: int = 1000
    gap_ms: int = 200
    lock_max: int = 12
    doors_max: int = 20
    present_s: int = 60
    resend_s: int = 5
    parts: bool = True
    runtime_s: int = 150
    low_s: int = 90
    empty_s: int = 40


FOR_PEOPLE = Pace()
"""For somebody who looks at the page."""

FOR_THE_DAY = Pace(
    open_wait_ms=500,
    rest_ms=500,
    press_ms=1500,
    reminder_ms=2000,
    alarm_ms=4500,
    grace_ms=20_000,
    notice_ms=1500,
    repeat_ms=400,
    pulse_ms=200,
    cooldown_ms=500,
    gap_ms=50,
    lock_max=20,
    doors_max=50,
    present_s=10,
    resend_s=1,
    parts=False,
)
"""For the scripted day: as short as the configuration's bounds allow, but long enough for a busy machine."""

FOR_STAFF = replace(FOR_THE_DAY, present_s=20)
"""For the staff's day, whose duties end by themselves after that time without a touch."""


class Site:
    """The folder with everything that the controller is started on."""

    def __init__(
        self, folder: Path, mqtt_port: int, pace: Pace, seed: int, board: str = DEFAULT, wiring: str = ""
    ) -> None:
        """Make keys from the seed, write the configuration file, provision the device. Raises ``OSError``.

        The configuration pins the root; no key counts before a set that the root signed has been delivered.
        ``board`` and ``wiring`` are those of ``sim.demo_boards``; ``pace`` waits longer where that board needs it.
        Raises ``ValueError`` for a wiring that there is not.
        """
        self.boards = boards(board, wiring)
        self.folder, self.pace, self.cabinet = folder, _slowed(pace, self.boards), CABINET
        self.resident_key, self.staff_key, self.stranger_key = (_key(seed, name) for name in ("resident", "staff", "x"))
        self.root_key = _key(seed, "root")
        self.board_link = folder / "by-path" / "platform-usb-0:1:1.0-port0"
        self.scanner_link = folder / "by-path" / "platform-usb-0:2:1.0-port0"
        self.board_number = free_port() if self.boards.by_tcp else 0
        self.kiosk_port = free_port()
        self.pins_folder = folder / "pins"
        self.panel_socket = folder / "panel.sock"
        self.status_file = folder / "status.json"
        self.config_file = folder / "cabinet.toml"
        self.log_file = folder / "controller.log"
        self.clock_file = folder / "clock"
        self.board_link.parent.mkdir(parents=True, exist_ok=True)
        self.config_file.write_text(self._text(mqtt_port), encoding="utf-8")
        self.config: Config = load(self.config_file)
        provision(folder, _bytes(seed, "device"), _bytes(seed, "pickup"))
        self.pickup = hotp.Secret(_bytes(seed, "pickup"))

    @property
    def on_pins(self) -> bool:
        """Whether the locks are on the computer's own pins."""
        return self.boards.kind not in LINES

    @property
    def kiosk_url(self) -> str:
        """Where the controller serves the residents' screen."""
        return f"http://127.0.0.1:{self.kiosk_port}/"

    @property
    def board_port(self) -> str:
        """What the configuration calls the boards' wire."""
        if self.on_pins:
            return "/dev/i2c-1" if self.boards.kind == "mcp" else "/dev/gpiochip0"
        return f"tcp://127.0.0.1:{self.board_number}" if self.boards.by_tcp else str(self.board_link)

    def _text(self, mqtt_port: int) -> str:
        pace = self.pace
        return "\n".join(
            [
                f"doors = [\n{_doors(self.boards)}\n]",
                f'[cabinet]\nid = "{CABINET}"\nphone = "{PHONE}"',
                self.boards.settings(f'port = "{self.board_port}"\npulse_ms = {pace.pulse_ms}\nretry_port_ms = 200'),
                f'[scanner]\nport = "{self.scanner_link}"\nretry_port_ms = 200',
                f"[staff]\npresent_s = {pace.present_s}",
                f"[pickup]\ndigits = {hotp.DIGITS_MIN}",
                f'[invite]\nurl = "{INVITE}"',
                f'[panel]\nsocket = "{self.panel_socket}"',
                f"[kiosk]\nport = {self.kiosk_port}",
                NOTICES,
                f'[store]\npath = "{self.folder / "locker.db"}"',
                f'[status]\nfile = "{self.status_file}"\nevery_s = 1',
                f'[mqtt]\nhost = "127.0.0.1"\nport = {mqtt_port}\ntls = false\nkeepalive_s = 5\n'
                f"resend_s = {pace.resend_s}\nhealth_s = 10\nretry_s_max = 1",
                f"[visit]\nopen_wait_ms = {pace.open_wait_ms}\nrest_ms = {pace.rest_ms}\npress_ms = {pace.press_ms}\n"
                f"reminder_ms = {pace.reminder_ms}\nalarm_ms = {pace.alarm_ms}\ngrace_ms = {pace.grace_ms}\n"
                f"notice_ms = {pace.notice_ms}\nrepeat_ms = {pace.repeat_ms}",
                f"[coil]\ncooldown_ms = {pace.cooldown_ms}\ngap_ms = {pace.gap_ms}\n"
                f"per_lock_minute_max = {pace.lock_max}\ndoors_minute_max = {pace.doors_max}",
                settings(self.folder, pace.runtime_s, pace.low_s, pace.empty_s) if pace.parts else "",
                f'[authority]\nroot = "{self.root_key.public.hex()}"',
                "",
            ]
        )


def _slowed(pace: Pace, wanted: Boards) -> Pace:
    """The pace with every wait as long as this board needs it, and a limit that its openings can still reach."""
    others: dict[str, Any] = {name: max(ms, getattr(pace, name)) for name, ms in wanted.waits.items()}
    return replace(pace, **(others | {"doors_max": min(pace.doors_max, wanted.doors_max)}))


def _doors(wired: Boards) -> str:
    lines = []
    for column, side in enumerate(SIDES):
        for row, size in enumerate(SIZES, 1):
            door = column * len(SIZES) + row
            low = "true" if row in LOW_ROWS else "false"
            place = f'side = "{side}", row = {row}, {wired.place(door)}, low = {low}'
            lines.append(f'  {{ door = {door}, size = "{size}", {place} }},')
    return "\n".join(lines)


def _key(seed: int, name: str) -> PrivateKey:
    return PrivateKey(_bytes(seed, name))


def _bytes(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"demo key {name} {seed}".encode()).digest()
