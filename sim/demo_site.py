"""The demo's site: one cabinet's place in the world, in a temporary folder: names, keys, paths, configuration.

Knows what the configuration file of a cabinet says. Must never know what happens there; two ``Pace``s, for people to
look at and for the scripted day, differ only in their waiting times.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from locker.authority import hotp
from locker.authority.ed25519 import PrivateKey
from locker.config import Config, load
from locker.device import provision
from sim.demo_boards import BOARDS, DEFAULT, Boards

CABINET = "demo-1"
PHONE = "0311-8505 1234"
INVITE = "https://hgj.example/lk/{cabinet}?n={nonce}"
SIDES = ("left", "middle", "right")
SIZES = "MSSSSMML"
LOW_ROWS = (5, 6, 7)
"""The doors are those of the commented example, config/cabinet.toml: three columns of eight (a test compares them)."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The waiting times of a demo, in milliseconds or per minute as their names in the configuration say."""

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
    doors_max=60,
    present_s=10,
    resend_s=1,
)
"""For the scripted day: as short as the configuration's bounds allow, but long enough for a busy machine."""


class Site:
    """The folder with everything that the controller is started on."""

    def __init__(self, folder: Path, mqtt_port: int, pace: Pace, seed: int, board: str = DEFAULT) -> None:
        """Make keys from the seed, write the configuration file, provision the device. Raises ``OSError``.

        The configuration pins the root; no key counts before a set that the root signed has been delivered.
        ``board`` is one of ``sim.demo_boards``.
        """
        self.boards = BOARDS[board]
        self.folder, self.pace, self.cabinet = folder, pace, CABINET
        self.resident_key, self.staff_key, self.stranger_key = (_key(seed, name) for name in ("resident", "staff", "x"))
        self.root_key = _key(seed, "root")
        self.board_link = folder / "by-path" / "platform-usb-0:1:1.0-port0"
        self.scanner_link = folder / "by-path" / "platform-usb-0:2:1.0-port0"
        self.panel_socket = folder / "panel.sock"
        self.config_file = folder / "cabinet.toml"
        self.log_file = folder / "controller.log"
        self.clock_file = folder / "clock"
        self.board_link.parent.mkdir(parents=True, exist_ok=True)
        self.config_file.write_text(self._text(mqtt_port), encoding="utf-8")
        self.config: Config = load(self.config_file)
        provision(folder, _bytes(seed, "device"), _bytes(seed, "pickup"))
        self.pickup = hotp.Secret(_bytes(seed, "pickup"))

    def _text(self, mqtt_port: int) -> str:
        pace = self.pace
        return "\n".join(
            [
                f"doors = [\n{_doors(self.boards)}\n]",
                f'[cabinet]\nid = "{CABINET}"\nphone = "{PHONE}"',
                self.boards.settings(f'port = "{self.board_link}"\npulse_ms = {pace.pulse_ms}\nretry_port_ms = 200'),
                f'[scanner]\nport = "{self.scanner_link}"\nretry_port_ms = 200',
                f"[staff]\npresent_s = {pace.present_s}",
                f"[pickup]\ndigits = {hotp.DIGITS_MIN}",
                f'[invite]\nurl = "{INVITE}"',
                f'[panel]\nsocket = "{self.panel_socket}"',
                f'[store]\npath = "{self.folder / "locker.db"}"',
                f'[mqtt]\nhost = "127.0.0.1"\nport = {mqtt_port}\ntls = false\nkeepalive_s = 5\n'
                f"resend_s = {pace.resend_s}\nhealth_s = 10\nretry_s_max = 1",
                f"[visit]\nopen_wait_ms = {pace.open_wait_ms}\nrest_ms = {pace.rest_ms}\npress_ms = {pace.press_ms}\n"
                f"reminder_ms = {pace.reminder_ms}\nalarm_ms = {pace.alarm_ms}\ngrace_ms = {pace.grace_ms}\n"
                f"notice_ms = {pace.notice_ms}\nrepeat_ms = {pace.repeat_ms}",
                f"[coil]\ncooldown_ms = {pace.cooldown_ms}\ngap_ms = {pace.gap_ms}\n"
                f"per_lock_minute_max = {pace.lock_max}\ndoors_minute_max = {pace.doors_max}",
                f'[authority]\nroot = "{self.root_key.public.hex()}"',
                "",
            ]
        )


def _doors(boards: Boards) -> str:
    lines = []
    for column, side in enumerate(SIDES):
        for row, size in enumerate(SIZES, 1):
            door = column * len(SIZES) + row
            low = "true" if row in LOW_ROWS else "false"
            place = f'side = "{side}", row = {row}, {boards.place(door)}, low = {low}'
            lines.append(f'  {{ door = {door}, size = "{size}", {place} }},')
    return "\n".join(lines)


def _key(seed: int, name: str) -> PrivateKey:
    return PrivateKey(_bytes(seed, name))


def _bytes(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"demo key {name} {seed}".encode()).digest()
