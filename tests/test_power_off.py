"""The end that an empty reserve orders: the service is over, the runner ends, the code is 79, the unit reads it."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Sequence
from configparser import RawConfigParser
from pathlib import Path

import pytest
from fittings_rig import fitted_config
from service_bench import Device, Machine
from stage import AUD

from locker.authority.keys import KeyRing
from locker.authority.token import Authority
from locker.cabinet import Cabinet
from locker.model import LineSeen, Now, Quality
from locker.notify import Notifier
from locker.power import EXIT_POWER_OFF
from locker.runner import Runner
from locker.service import Service
from locker.store import Store

UNIT = Path(__file__).resolve().parent.parent / "systemd" / "locker.service"


def unit() -> RawConfigParser:
    """The unit's sections and keys."""
    parser = RawConfigParser(strict=True, comment_prefixes=("#",), delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(UNIT.read_text(encoding="utf-8"))
    return parser


def after(code: str, status: str, folder: Path) -> Sequence[str]:
    """What the unit's last command calls when the controller ended so; systemd's own doubling of $ undone."""
    command = unit()["Service"]["ExecStopPost"]
    assert command.startswith("+/bin/sh -c '")
    script = command.removeprefix("+/bin/sh -c '").removesuffix("'").replace("$$", "$")
    called = folder / "called"
    fake = folder / "systemctl"
    fake.write_text(f'#!/bin/sh\necho "$@" >> {called}\n')
    fake.chmod(0o755)
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "EXIT_CODE": code, "EXIT_STATUS": status}
    subprocess.run(["/bin/sh", "-c", script], env=environment, check=True, timeout=30)
    return called.read_text().splitlines() if called.exists() else []


@pytest.mark.parametrize(
    ("code", "status", "calls"),
    [
        ("exited", str(EXIT_POWER_OFF), ["--no-block poweroff"]),
        ("exited", "0", []),
        ("exited", "1", []),
        ("killed", "TERM", []),
        ("killed", str(EXIT_POWER_OFF), []),
        ("dumped", "SEGV", []),
        ("", "", []),
    ],
)
def test_the_unit_switches_off_on_one_code_alone(tmp_path: Path, code: str, status: str, calls: list[str]) -> None:
    """A stop, an error, a crash or a kill switches no computer off; only the controller's own word does."""
    assert list(after(code, status, tmp_path)) == calls


def test_the_unit_knows_the_code() -> None:
    """It is a success, and the controller is not started again after it."""
    service = unit()["Service"]
    assert service["SuccessExitStatus"] == service["RestartPreventExitStatus"] == str(EXIT_POWER_OFF)


def test_the_runner_ends_when_the_service_is_over(tmp_path: Path) -> None:
    """A supply that asks for its end: told, five seconds, then the real runner stops the service, devices closed."""
    ms = [1_000_000]
    store = Store.at(tmp_path / "locker.db", "boot", "epoch")
    cfg = fitted_config(6)
    line = Device("power")

    def read_clock() -> Now:
        ms[0] += 1000
        return Now(ms[0], 1_790_000_000_000 + ms[0], Quality.SYNCED)

    cabinet = Cabinet(cfg, Authority(KeyRing.from_config(cfg.keys), AUD), store.load(), Now(ms[0], 0), boot="boot")
    service = Service(cabinet, store, None, [line], Machine(), "boot")
    line.due_ms = 0
    line.events = [LineSeen("ups_off", False), LineSeen("ups_off", True)]
    asyncio.run(asyncio.wait_for(Runner(service, Notifier({}), read_clock).run(), 30))
    assert service.over
    assert line.closed == 1
    told = [row.body for row in Store.at(tmp_path / "locker.db", "boot", "epoch").rows_after(0, 100)]
    assert [b"shutting_down" in body for body in told[-2:]] == [True, False]
    assert b"stopped" in told[-1]
