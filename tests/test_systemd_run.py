"""The process under a service manager: ready, alive, stopping, refusing to start; seen from where systemd stands."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from process_rig import Rig

from drivers.port import SerialPort
from locker.clock import boot_ms
from sim.broker import free_port
from sim.demo_site import FOR_THE_DAY, Site

ROOT = Path(__file__).resolve().parents[1]
START_S, STOP_S = 20.0, 2.0
WATCHDOG_MS = 1200
PING_MS = WATCHDOG_MS // 3
NEWER = 99

Launch = Callable[..., "subprocess.Popen[bytes]"]


class Manager:
    """What systemd is to a service of ``Type=notify``: a datagram socket, an environment, signals and patience."""

    def __init__(self, folder: Path, config: Path, launch: Launch) -> None:
        self._config, self._launch = config, launch
        self._ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ear.bind(str(folder / "notify"))
        self.environment = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": str(WATCHDOG_MS * 1000)}

    def starts(self) -> subprocess.Popen[bytes]:
        """Start the service and wait until it says that it is ready."""
        process = self._launch(
            command(self._config), name="controller", env=child_environment() | self.environment, cwd=ROOT
        )
        self.waits_for("READY=1", START_S)
        return process

    def hears(self, patience_s: float) -> str:
        """The next word; empty when none comes in time."""
        self._ear.settimeout(patience_s)
        try:
            return self._ear.recv(4096).decode()
        except TimeoutError:
            return ""

    def waits_for(self, word: str, patience_s: float = WATCHDOG_MS / 1000) -> None:
        """Hear until this word comes; a silence of this length is a failure, as it is for systemd."""
        while (heard := self.hears(patience_s)) != word:
            assert heard, f"no {word} for {patience_s} s"

    def close(self) -> None:
        """Stop listening."""
        self._ear.close()


def command(config: Path) -> list[str]:
    """The command line of the unit."""
    return [sys.executable, "-m", "locker", "run", "--config", str(config)]


def child_environment() -> dict[str, str]:
    """This environment without a service manager in it."""
    kept = {key: value for key, value in os.environ.items() if key not in ("NOTIFY_SOCKET", "WATCHDOG_USEC")}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "LOCKER_DEBUG": ""}


def refused(config: Path) -> str:
    """Start a controller that must not start: exit code 2 and one line, which is returned."""
    told = subprocess.run(
        command(config),
        cwd=ROOT,
        env=child_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=START_S,
    )
    text = told.stderr.decode()
    assert (told.returncode, told.stdout, text.count("\n")) == (2, b"", 1), text
    return text


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A cabinet without its process."""
    folder = tmp_path / "cabinet"
    folder.mkdir()
    with Rig(folder) as made:
        yield made


@pytest.fixture
def manager(rig: Rig, tmp_path: Path, start: Launch) -> Iterator[Manager]:
    """A service manager for the cabinet."""
    with closing(Manager(tmp_path, rig.site.config_file, start)) as made:
        yield made


def last_event(rig: Rig) -> str:
    """The type of the newest event on the disk."""
    return str(json.loads(rig.on_disk()[-1][1])["type"])


# --- running --------------------------------------------------------------------------------------


def test_it_says_when_it_is_ready_that_it_is_alive_and_when_it_stops(rig: Rig, manager: Manager) -> None:
    """READY=1, then WATCHDOG=1 in time but not more often than asked; on SIGTERM STOPPING=1 and exit 0 within 2 s."""
    process = manager.starts()
    manager.waits_for("WATCHDOG=1")
    begun_ms, pings = boot_ms(), 4
    for _ in range(pings):
        assert manager.hears(WATCHDOG_MS / 1000) == "WATCHDOG=1"
    assert boot_ms() - begun_ms > (pings - 1) * PING_MS
    process.send_signal(signal.SIGTERM)
    manager.waits_for("STOPPING=1")
    assert process.wait(STOP_S) == 0
    assert last_event(rig) == "stopped"


def test_a_stop_in_a_visit_lets_go_of_everything(rig: Rig, manager: Manager) -> None:
    """Stopped as a door is opened: no further pulse, ports and socket free, the cloud knows; the next one goes on."""
    process = manager.starts()
    rig.invites()
    code = rig.issuer.deposit("S")
    rig.street.hold(code.text)
    rig.person.until(lambda: rig.pulses == 1, "the unlock frame")
    process.send_signal(signal.SIGTERM)
    assert process.wait(STOP_S) == 0
    assert rig.cloud.wait_for(lambda: rig.cloud.view(rig.site.cabinet).conn.get("state") == "offline", START_S)
    assert not rig.site.panel_socket.exists()
    for link, baud in ((rig.site.board_link, 19200), (rig.site.scanner_link, 9600)):
        with closing(SerialPort(str(link), baud)) as port:
            port.open()
    manager.starts()
    rig.person.sees("unfinished")
    assert rig.pulses == 1
    rig.person.puts_in(code, rig.street.unlocks()[0].door)
    rig.person.leaves()
    rig.sound()


def test_a_process_that_hangs_is_noticed_and_its_successor_opens_nothing(rig: Rig, manager: Manager) -> None:
    """Frozen (SIGSTOP) it pings no more, for which systemd kills it; the next one is ready and pulses nothing."""
    process = manager.starts()
    manager.waits_for("WATCHDOG=1")
    process.send_signal(signal.SIGSTOP)
    assert any(not manager.hears(WATCHDOG_MS / 1000) for _ in range(10)), "a frozen process goes on pinging"
    process.kill()
    process.wait(STOP_S)
    manager.starts()
    manager.waits_for("WATCHDOG=1")
    rig.sound()
    assert rig.pulses == 0


def test_a_second_controller_on_the_same_database_is_refused(rig: Rig, manager: Manager) -> None:
    """It says which file is held, touches no port and goes; the first one does not notice."""
    process = manager.starts()
    text = refused(rig.site.config_file)
    assert f"{rig.site.folder / 'locker.db.lock'}: held by another controller" in text
    manager.waits_for("WATCHDOG=1")
    assert process.poll() is None
    rig.person.hears("board_back")
    rig.settled()
    assert not rig.person.events("port_lost", "board_silent")


# --- refusing to start ----------------------------------------------------------------------------


def wrong_value(config: Path) -> str:
    """A key out of its bounds."""
    config.write_text(config.read_text("utf-8").replace("pulse_ms = 200", "pulse_ms = 5500"), "utf-8")
    return "pulse_ms: found 5500; allowed: a whole number from 100 to 1000"


def unknown_key(config: Path) -> str:
    """A misspelt key."""
    config.write_text(config.read_text("utf-8").replace("[store]\n", "[store]\nevents_maximum = 2000\n"), "utf-8")
    return 'did you mean "events_max"'


def half_a_file(config: Path) -> str:
    """A file that ends in the middle of a line."""
    text = config.read_text("utf-8")
    config.write_text(text[: text.index("[store]") + 4], "utf-8")
    return "not TOML"


def no_file(config: Path) -> str:
    """No file at all."""
    config.unlink()
    return "No such file"


def newer_schema(config: Path) -> str:
    """A database that a newer program has written."""
    with closing(sqlite3.connect(config.parent / "locker.db")) as database:
        database.execute(f"PRAGMA user_version = {NEWER}")
    (config.parent / "locker.db").chmod(0o600)
    return f"locker.db: the database has schema {NEWER}, this program knows"


def no_database(config: Path) -> str:
    """A file that is no database."""
    (config.parent / "locker.db").write_bytes(b"not a database" * 100)
    (config.parent / "locker.db").chmod(0o600)
    return "locker.db: file is not a database"


def unusable_database(config: Path) -> str:
    """A database that can be neither made nor opened, whoever asks."""
    (config.parent / "locker.db").mkdir()
    return "locker.db: Is a directory"


def no_folder(config: Path) -> str:
    """A folder that is not there."""
    _move_store(config, config.parent / "nowhere" / "locker.db")
    return "nowhere: no such folder; make it or change store.path"


def read_only_folder(config: Path) -> str:
    """A folder in which nobody may make a file, not even root."""
    _move_store(config, Path("/sys/kernel/locker.db"))
    return "/sys/kernel/locker.db.lock: "


def _move_store(config: Path, path: Path) -> None:
    text = config.read_text("utf-8")
    config.write_text(text.replace(f'path = "{config.parent / "locker.db"}"', f'path = "{path}"'), "utf-8")


FLAWS = [
    wrong_value,
    unknown_key,
    half_a_file,
    no_file,
    newer_schema,
    no_database,
    unusable_database,
    no_folder,
    read_only_folder,
]


@pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: flaw.__name__)
def test_what_cannot_run_says_so_in_one_line(tmp_path: Path, flaw: Callable[[Path], str]) -> None:
    """Exit 2 and one line that names the file and what is wrong with it; no traceback."""
    config = Site(tmp_path, free_port(), FOR_THE_DAY, 1).config_file
    wanted = flaw(config)
    text = refused(config)
    assert text.startswith("locker: ") and wanted in text
