"""The display's unit: one page, on this machine, by a user who may read nothing of the controller's."""

from __future__ import annotations

import re
import shlex
from configparser import RawConfigParser
from pathlib import Path

import pytest

from locker.config import Kiosk, load

ROOT = Path(__file__).resolve().parent.parent
UNIT, USERS = ROOT / "systemd" / "locker-kiosk.service", ROOT / "systemd" / "locker-kiosk.sysusers"


def settings() -> dict[str, list[str]]:
    """The unit's settings; continued lines are one."""
    text = UNIT.read_text(encoding="utf-8").replace("\\\n", " ")
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


def test_the_unit_is_one() -> None:
    """It has the three sections, and nothing of it stands twice but what may."""
    parser = RawConfigParser(strict=False, comment_prefixes=("#",), delimiters=("=",))
    parser.read_string(UNIT.read_text(encoding="utf-8"))
    assert parser.sections() == ["Unit", "Service", "Install"]
    assert {name for name, values in settings().items() if len(values) > 1} <= {"Environment", "After"}


def test_it_shows_the_configured_page_and_no_other() -> None:
    """The port is the configuration's default and the example's, the address this machine's; no name resolves."""
    command = shlex.split(settings()["ExecStart"][0])
    assert command[-1] == "http://127.0.0.1:${KIOSK_PORT}/"
    kiosk = load(ROOT / "config" / "cabinet.toml").kiosk
    assert kiosk is not None
    assert f"KIOSK_PORT={kiosk.port}" == f"KIOSK_PORT={Kiosk().port}" == settings()["Environment"][0]
    assert "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1" in command
    assert {"--kiosk", "--incognito"} <= set(command)
    assert not [flag for flag in command if "no-sandbox" in flag or "remote-debugging" in flag]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("Restart", "always", "a display that is off helps nobody"),
        ("StartLimitIntervalSec", "0", "for ever: nobody is there to reset a failed unit"),
        ("User", "locker-kiosk", "not the controller's user, not root"),
        ("IPAddressDeny", "any", "it reaches no host"),
        ("IPAddressAllow", "localhost", "but this machine"),
        ("InaccessiblePaths", "-/var/lib/locker -/etc/locker", "nor the database and the keys"),
        ("Wants", "locker.service", "the controller starts with it and does not depend on it"),
    ],
)
def test_the_unit_says(name: str, value: str, reason: str) -> None:
    """Each of these settings stands in the unit, for its reason."""
    assert settings()[name] == [value], reason


def test_its_user_and_groups_are_made() -> None:
    """systemd starts no service whose user or supplementary groups do not exist."""
    lines = [line.split() for line in USERS.read_text(encoding="utf-8").splitlines() if line[:1] in "gu" and line]
    assert {line[1] for line in lines if line[0] == "g"} == set(settings()["SupplementaryGroups"][0].split())
    assert [line[1] for line in lines if line[0] == "u"] == settings()["User"]
