"""The assembly: makes the whole program out of a configuration.

The one place that knows which driver belongs to which kind of device; what a configuration does not use is not
imported. It opens the database and takes the lock that keeps a second controller away; it opens no device and decides
nothing.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

from locker import BUILT_S, clock
from locker.authority.keys import KeyRing
from locker.authority.nonce import SEED_BYTES
from locker.authority.receipt import ReceiptError
from locker.authority.token import Authority
from locker.cabinet import Cabinet
from locker.config import Board, Config, Kiosk, inbox_folder
from locker.config_checks import TCP
from locker.config_gpio import GpioBoard
from locker.config_hours import Voice
from locker.device import KEY_FILE, SECRET_FILE, DeviceError, load_key, load_secret
from locker.hours import volume_percent
from locker.keypad import Pickup
from locker.model import Driver, Now, Record, Show
from locker.notify import Notifier
from locker.outbox import Outbox
from locker.rights import narrow
from locker.runner import Runner
from locker.service import Service
from locker.signatory import Signatory
from locker.spoken import Spoken
from locker.status import Notice
from locker.store import Store

if TYPE_CHECKING:
    from drivers.port import PortLike
    from drivers.voice_render import Rendered

log = logging.getLogger("locker")


class AlreadyRunning(ValueError):
    """Another controller holds the lock of this database."""


class Program:
    """A controller that is ready to run."""

    def __init__(
        self,
        cfg: Config,
        read_clock: Callable[[], Now] = clock.now,
        boot: str = "",
        on_pins: Callable[[Config], list[Driver]] | None = None,
        parts: Callable[[Config, Callable[[], None]], list[Driver]] | None = None,
    ) -> None:
        """Open the store and put everything together. Raises ``AlreadyRunning``, ``StoreError`` or ``OSError``.

        ``read_clock`` is this machine's clock and ``boot`` the id of its boot, the kernel's where it is empty;
        ``on_pins`` makes the boards on this computer's own pins and ``parts`` the parts beside the doors, None for the
        real ones. The demo hands in a clock whose hands can be moved, and pins that are simulated.
        """
        self._lock = lock(Path(cfg.store.path))
        narrowed = _narrowed(Path(cfg.store.path))
        boot, now = boot or clock.boot_id(), read_clock()
        store = Store(
            cfg.store.path,
            boot,
            secrets.token_hex(8),
            events_max=cfg.store.events_max,
            events_kept=cfg.store.events_kept,
        )
        authority, seed = Authority(KeyRing.from_config(cfg.keys), cfg.cabinet.id), secrets.token_bytes(SEED_BYTES)
        pickup, lacks = _pickup(cfg, store.epoch)
        cabinet = Cabinet(cfg, authority, store.load(), now, boot=boot, seed=seed, pickup=pickup, built_s=BUILT_S)
        outbox = _outbox(cfg, store)
        from drivers.host import LinuxHost

        host = LinuxHost(Path(cfg.store.path).parent)
        signatory, unsigned = _signatory(cfg, store.epoch)
        store.follower = signatory
        public_key = signatory.public_key if signatory else ""
        lacks += unsigned + narrowed
        self.service = Service(cabinet, store, outbox, [], host, boot, public_key=public_key, lacks=lacks)
        self.service.notice = _notice(cfg)
        self.runner = Runner(self.service, Notifier(), read_clock)
        self.service.drivers = _drivers(cfg, boot, store.epoch, self.runner.wake, on_pins, parts)

    async def run(self) -> None:
        """Run until told to stop."""
        log.info("start doors=%d boards=%d", len(self.service.cabinet.rooms), len(self.service.cabinet.cfg.boards))
        await self.runner.run()
        log.info("stop")


def lock(database: Path) -> IO[str]:
    """Hold the lock file beside the database until it is closed. Raises ``AlreadyRunning`` or ``OSError``."""
    path = database.with_name(database.name + ".lock")
    if not database.parent.is_dir():
        raise FileNotFoundError(f"{database.parent}: no such folder; make it or change store.path")
    path.touch(0o600)
    handle = path.open("w", encoding="ascii")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        raise AlreadyRunning(f"{path}: held by another controller; stop that one first") from error
    return handle


def _narrowed(database: Path) -> list[Record]:
    """Nobody else may read the database; where somebody could have, that is said."""
    wide = narrow(database)
    if wide:
        log.warning("others could read %s; only this user may now", ", ".join(wide))
    return [Record("rights_narrowed", 0, {"files": wide})] if wide else []


def _signatory(cfg: Config, epoch: str) -> tuple[Signatory | None, list[Record]]:
    """Who signs the receipts; or nobody, and the event that says why. Residents are served all the same."""
    path = Path(cfg.store.path).with_name(KEY_FILE)
    try:
        return Signatory(cfg.cabinet.id, epoch, [plan.door for plan in cfg.doors], load_key(path)), []
    except (DeviceError, ReceiptError) as wrong:
        log.warning("no deposit receipts: %s", wrong)
        return None, [Record("receipts_off", 0, {"detail": str(wrong)})]


def _pickup(cfg: Config, epoch: str) -> tuple[Pickup | None, list[Record]]:
    """What pick-up codes are made of; or nothing, and, where they are configured, the event that says why."""
    if cfg.pickup is None:
        return None, []
    try:
        secret = load_secret(Path(cfg.store.path).with_name(SECRET_FILE))
    except DeviceError as wrong:
        log.warning("no pick-up codes: %s", wrong)
        return None, [Record("pickup_off", 0, {"detail": str(wrong)})]
    return Pickup(secret, cfg.pickup.digits, epoch), []


def _notice(cfg: Config) -> Notice | None:
    """Where the controller says how it is, for ``locker status``."""
    if cfg.status is None:
        return None
    from drivers.status_file import StatusFile

    pid = os.getpid()
    return StatusFile(cfg.status, pid, clock.born_ticks(pid) or 0)


def _outbox(cfg: Config, store: Store) -> Outbox | None:
    """The way of events to the cloud, where there is one."""
    if cfg.mqtt is None:
        return None
    return Outbox(
        store,
        epoch=store.epoch,
        window=cfg.mqtt.window,
        resend_ms=cfg.mqtt.resend_s * 1000,
        cloud_acks=cfg.mqtt.cloud_acks,
        acked=store.acked,
    )


def _drivers(
    cfg: Config,
    boot: str,
    epoch: str,
    wake: Callable[[], None],
    on_pins: Callable[[Config], list[Driver]] | None = None,
    parts: Callable[[Config, Callable[[], None]], list[Driver]] | None = None,
) -> list[Driver]:
    """Every device of the configuration; lock boards first, because their deadlines are the shortest."""
    from drivers.lock_boards import lock_boards

    drivers: list[Driver] = [*lock_boards(cfg, _port), *(on_pins or _gpio_boards)(cfg), _scanner(cfg)]
    drivers += (parts or _fittings)(cfg, wake)
    if cfg.authority is not None:
        from drivers.inbox import InboxDriver

        drivers.append(InboxDriver(inbox_folder(cfg), cfg.authority.stick))
    if cfg.panel is not None:
        from drivers.panel import PanelDriver

        drivers.append(PanelDriver(cfg.panel))
    if cfg.kiosk is not None:
        drivers.append(_kiosk(cfg, cfg.kiosk))
    if cfg.voice is not None:
        drivers.append(_voice(cfg, cfg.voice))
    if cfg.mqtt is not None:
        from drivers.mqtt import MqttDriver

        drivers.append(MqttDriver(cfg.mqtt, cfg.cabinet.id, boot, epoch, wake))
    return drivers


def _kiosk(cfg: Config, kiosk: Kiosk) -> Driver:
    """The page of the cabinet's display."""
    from drivers.kiosk import KioskDriver
    from locker.face import Face, page_files

    return KioskDriver(kiosk, page_files(), Face(cfg))


def _fittings(cfg: Config, wake: Callable[[], None]) -> list[Driver]:
    """The parts beside the doors: reserve supply, tamper loop, thermometer, fan, heater, lamps, buzzer."""
    if not any((cfg.power, cfg.tamper, cfg.climate, cfg.lamp, cfg.buzzer)):
        return []
    from drivers.fittings import fittings

    return fittings(cfg, wake)


def _gpio_boards(cfg: Config) -> list[Driver]:
    """The boards on this computer's own pins."""
    if not any(isinstance(board, GpioBoard) for board in cfg.boards):
        return []
    from drivers.gpio_kinds import gpio_boards

    return [*gpio_boards(cfg)]


def _voice(cfg: Config, voice: Voice) -> Driver:
    """The loudspeaker, with what to say and how loud."""
    from drivers.voice import VoiceDriver

    return VoiceDriver(voice, Spoken(cfg).lines, partial(volume_percent, voice, cfg))


def voice_files(cfg: Config) -> Iterator[Rendered]:
    """Render all that can be said here; for ``locker voice render``. Raises ``VoiceError``, an ``OSError``."""
    from drivers.voice_render import render_all

    assert cfg.voice is not None, "no voice in this configuration"
    return render_all(cfg.voice, Spoken(cfg).everything())


def say_aloud(cfg: Config, show: Show) -> list[str]:
    """Play what is said on a screen, by day's volume, and return it; waits. Raises ``VoiceError``, an ``OSError``."""
    from drivers.voice_render import play

    assert cfg.voice is not None, "no voice in this configuration"
    lines = Spoken(cfg).lines(show)
    play(cfg.voice, lines)
    return [text for _, text in lines]


def _port(board: Board) -> PortLike:
    """The port that a lock board names: a serial server's, or a serial one."""
    if board.port.startswith(TCP):
        from drivers.tcp_port import TcpPort

        return TcpPort(board.port)
    from drivers.port import SerialPort

    return SerialPort(board.port, board.baud)


def _scanner(cfg: Config) -> Driver:
    """The driver of the scanner."""
    from drivers.scanners import scanner_driver

    return scanner_driver(cfg.scanner)
