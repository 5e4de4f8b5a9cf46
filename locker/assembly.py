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
from typing import IO

from locker import clock
from locker.authority.keys import KeyRing
from locker.authority.receipt import ReceiptError
from locker.authority.token import Authority
from locker.cabinet import Cabinet
from locker.config import Board, Config, inbox_folder
from locker.device import KEY_FILE, DeviceError, load_key
from locker.model import Driver, Record
from locker.notify import Notifier
from locker.outbox import Outbox
from locker.runner import Runner
from locker.service import Service
from locker.signatory import Signatory
from locker.store import Store

log = logging.getLogger("locker")


class AlreadyRunning(ValueError):
    """Another controller holds the lock of this database."""


class Program:
    """A controller that is ready to run."""

    def __init__(self, cfg: Config) -> None:
        """Open the store and put everything together. Raises ``AlreadyRunning``, ``StoreError`` or ``OSError``."""
        self._lock = _lock(Path(cfg.store.path))
        boot, now = clock.boot_id(), clock.now()
        store = Store(
            cfg.store.path,
            boot,
            secrets.token_hex(8),
            events_max=cfg.store.events_max,
            events_kept=cfg.store.events_kept,
        )
        cabinet = Cabinet(cfg, Authority(KeyRing.from_config(cfg.keys), cfg.cabinet.id), store.load(), now)
        outbox = _outbox(cfg, store)
        from drivers.host import LinuxHost

        host = LinuxHost(Path(cfg.store.path).parent)
        signatory, lacks = _signatory(cfg, store.epoch)
        store.follower = signatory
        public_key = signatory.public_key if signatory else ""
        self.service = Service(cabinet, store, outbox, [], host, boot, public_key=public_key, lacks=lacks)
        self.runner = Runner(self.service, Notifier())
        self.service.drivers = _drivers(cfg, boot, store.epoch, self.runner.wake)

    async def run(self) -> None:
        """Run until told to stop."""
        log.info("start doors=%d boards=%d", len(self.service.cabinet.rooms), len(self.service.cabinet.cfg.boards))
        await self.runner.run()
        log.info("stop")


def _lock(database: Path) -> IO[str]:
    """Hold the lock file beside the database as long as this process lives."""
    path = database.with_name(database.name + ".lock")
    if not database.parent.is_dir():
        raise FileNotFoundError(f"{database.parent}: no such folder; make it or change store.path")
    handle = path.open("w", encoding="ascii")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        raise AlreadyRunning(f"{path}: held by another controller; stop that one first") from error
    return handle


def _signatory(cfg: Config, epoch: str) -> tuple[Signatory | None, list[Record]]:
    """Who signs the receipts; or nobody, and the event that says why. Residents are served all the same."""
    path = Path(cfg.store.path).with_name(KEY_FILE)
    try:
        return Signatory(cfg.cabinet.id, epoch, [plan.door for plan in cfg.doors], load_key(path)), []
    except (DeviceError, ReceiptError) as wrong:
        log.warning("no deposit receipts: %s", wrong)
        return None, [Record("receipts_off", 0, {"detail": str(wrong)})]


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
    drivers = [_board(cfg, board) for board in cfg.boards]
    drivers.append(_scanner(cfg))
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


def _board(cfg: Config, board: Board) -> Driver:
    """The driver of a lock board with its doors."""
    from drivers.kerong_cu24 import Cu24Driver
    from drivers.port import SerialPort

    doors = {plan.door: plan.channel for plan in cfg.doors if plan.board == board.name}
    return Cu24Driver(board, doors, SerialPort(board.port, board.baud))


def _scanner(cfg: Config) -> Driver:
    """The driver of the scanner."""
    from drivers.gm65 import Gm65Driver
    from drivers.port import SerialPort

    return Gm65Driver(cfg.scanner, SerialPort(cfg.scanner.port, cfg.scanner.baud))
