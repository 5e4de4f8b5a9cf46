"""The assembly: makes the whole program out of a configuration.

The one place that knows which driver belongs to which kind of device; what a configuration does not use is not
imported. It opens the database and takes the lock that keeps a second controller away; it opens no device and decides
nothing.
"""

from __future__ import annotations

import fcntl
import logging
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING

from locker import BUILT_S, clock
from locker.authority.keys import KeyRing
from locker.authority.nonce import SEED_BYTES
from locker.authority.receipt import ReceiptError
from locker.authority.token import Authority
from locker.cabinet import Cabinet
from locker.config import Board, Config, inbox_folder
from locker.config_checks import TCP
from locker.config_gpio import GpioBoard
from locker.device import KEY_FILE, SECRET_FILE, DeviceError, load_key, load_secret
from locker.keypad import Pickup
from locker.model import Driver, Now, Record
from locker.notify import Notifier
from locker.outbox import Outbox
from locker.rights import narrow
from locker.runner import Runner
from locker.service import Service
from locker.signatory import Signatory
from locker.store import Store

if TYPE_CHECKING:
    from drivers.port import PortLike

log = logging.getLogger("locker")


class AlreadyRunning(ValueError):
    """Another controller holds the lock of this database."""


class Program:
    """A controller that is ready to run."""

    def __init__(self, cfg: Config, read_clock: Callable[[], Now] = clock.now, boot: str = "") -> None:
        """Open the store and put everything together. Raises ``AlreadyRunning``, ``StoreError`` or ``OSError``.

        ``read_clock`` is this machine's clock and ``boot`` the id of its boot, the kernel's where it is empty; the demo
        hands in a clock whose hands can be moved.
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
        self.runner = Runner(self.service, Notifier(), read_clock)
        self.service.drivers = _drivers(cfg, boot, store.epoch, self.runner.wake)

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


def _drivers(cfg: Config, boot: str, epoch: str, wake: Callable[[], None]) -> list[Driver]:
    """Every device of the configuration; lock boards first, because their deadlines are the shortest."""
    from drivers.lock_boards import lock_boards

    drivers: list[Driver] = [*lock_boards(cfg, _port), *_gpio_boards(cfg), _scanner(cfg)]
    if cfg.authority is not None:
        from drivers.inbox import InboxDriver

        drivers.append(InboxDriver(inbox_folder(cfg), cfg.authority.stick))
    if cfg.panel is not None:
        from drivers.panel import PanelDriver

        drivers.append(PanelDriver(cfg.panel))
    if cfg.mqtt is not None:
        from drivers.mqtt import MqttDriver

        drivers.append(MqttDriver(cfg.mqtt, cfg.cabinet.id, boot, epoch, wake))
    return drivers


def _gpio_boards(cfg: Config) -> list[Driver]:
    """The boards on this computer's own pins."""
    if not any(isinstance(board, GpioBoard) for board in cfg.boards):
        return []
    from drivers.gpio_kinds import gpio_boards

    return [*gpio_boards(cfg)]


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
