"""The service on a real machine: the unit says what must hold, and its installer can be read before it is run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest

from locker.config import load

ROOT = Path(__file__).resolve().parent.parent
UNIT = ROOT / "systemd" / "locker.service"
USERS = ROOT / "systemd" / "locker.sysusers"
INSTALL = ROOT / "systemd" / "install.sh"
EXAMPLE = ROOT / "config" / "cabinet.toml"


def unit() -> RawConfigParser:
    """The unit's sections and keys; a key that stands twice is an error."""
    parser = RawConfigParser(strict=True, comment_prefixes=("#",), delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(UNIT.read_text(encoding="utf-8"))
    return parser


def call(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program without input and return what it said."""
    return subprocess.run(
        list(map(str, command)),
        env=os.environ | {"PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("section", "key", "value", "reason"),
    [
        ("Service", "Type", "notify", "ready means that the doors have been read, not that Python has started"),
        ("Service", "NotifyAccess", "main", "only the controller itself may say that it is alive"),
        ("Service", "WatchdogSec", "30", "longer than an SD card stalls a commit, which is seconds"),
        ("Service", "Restart", "always", "a cabinet that is off serves nobody"),
        ("Service", "RestartSec", "1", "somebody stands in front of it"),
        ("Unit", "StartLimitIntervalSec", "0", "for ever: nobody is there to reset a failed unit"),
        ("Service", "User", "locker", "not root"),
        ("Service", "SupplementaryGroups", "dialout gpio i2c input audio", "ports, pins, expanders, keyboards, voice"),
        ("Service", "StateDirectory", "locker", "the database's folder exists and is the user's"),
        ("Service", "StateDirectoryMode", "0700", "nobody else looks into it"),
        ("Service", "UMask", "0077", "nor into a file that it makes"),
        ("Service", "RuntimeDirectory", "locker", "the screen's socket's folder exists and is the user's"),
        ("Service", "WorkingDirectory", "/var/lib/locker", "lgpio writes files into its working directory"),
        ("Service", "KillSignal", "SIGTERM", "what the controller takes as: all coils off, commit, go"),
        ("Install", "WantedBy", "multi-user.target", "it starts with the machine"),
    ],
)
def test_the_unit_says(section: str, key: str, value: str, reason: str) -> None:
    """Each of these settings stands in the unit, for its reason."""
    assert unit()[section][key] == value, reason


def test_the_unit_takes_no_device_away() -> None:
    """PrivateDevices hides the serial ports and GPIO; hardening goes by DeviceAllow."""
    assert "PrivateDevices" not in unit()["Service"]


def test_the_unit_waits_for_no_network() -> None:
    """Collecting works without network, at the start as well."""
    assert not [word for _, value in unit()["Unit"].items() for word in value.split() if word.startswith("network")]


def test_the_unit_starts_what_is_installed() -> None:
    """The unit, the installer and the example configuration speak of the same files."""
    service, script = unit()["Service"], INSTALL.read_text(encoding="utf-8")
    assert service["ExecStart"] == "/opt/locker/bin/locker run --config /etc/locker/cabinet.toml"
    assert "prefix=/opt/locker\n" in script
    assert "config_dir=/etc/locker\n" in script
    assert f"state_dir=/var/lib/{service['StateDirectory']}\n" in script
    example = load(EXAMPLE)
    assert Path(example.store.path).parent == Path("/var/lib") / service["StateDirectory"]
    assert example.panel is not None
    assert Path(example.panel.socket).parent == Path("/run") / service["RuntimeDirectory"]


def test_every_group_is_made() -> None:
    """systemd starts no service whose supplementary groups do not exist: each is named for systemd-sysusers."""
    lines = [line.split() for line in USERS.read_text(encoding="utf-8").splitlines() if line[:1] in "gu" and line]
    assert {line[1] for line in lines if line[0] == "g"} == set(unit()["Service"]["SupplementaryGroups"].split())
    assert [line[1] for line in lines if line[0] == "u"] == [unit()["Service"]["User"]]


@pytest.mark.debian("systemd")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    """systemd itself finds nothing to remark in the unit (it says nothing even of a misspelt key but on stderr)."""
    text = UNIT.read_text(encoding="utf-8")
    good, bad = tmp_path / "locker.service", tmp_path / "misspelt.service"
    good.write_text(text.replace("ExecStart=/opt/locker/bin/locker", f"ExecStart={sys.executable}"), encoding="utf-8")
    bad.write_text(good.read_text(encoding="utf-8").replace("WatchdogSec=", "WatchdogSecs="), encoding="utf-8")
    told = call("systemd-analyze", "verify", "--man=no", good)
    assert (told.returncode, told.stdout + told.stderr) == (0, "")
    assert "WatchdogSecs" in call("systemd-analyze", "verify", "--man=no", bad).stderr


def test_the_installer_is_a_script() -> None:
    """bash can parse it, and it can be run as it lies in the repository."""
    assert call("bash", "-n", INSTALL).stderr == ""
    assert INSTALL.stat().st_mode & 0o111


def test_a_dry_run_tells_each_step_and_does_none() -> None:
    """--dry-run needs no rights and shows the commands that matter: hashes checked, nothing from elsewhere built."""
    before = sorted(Path("/opt").glob("locker*")), sorted(Path("/etc").glob("locker*"))
    told = call(INSTALL, "--dry-run")
    assert told.returncode == 0, told.stderr
    assert (sorted(Path("/opt").glob("locker*")), sorted(Path("/etc").glob("locker*"))) == before
    for part in ("9/9", "pip install --quiet --require-hashes -r", "requirements/pi.txt", "systemd-sysusers",
                 "--no-deps --no-build-isolation", "systemctl enable locker.service"):  # fmt: skip
        assert part in told.stdout
    assert "runuser -u locker -- /opt/locker/bin/locker device provision /var/lib/locker\n" in told.stdout


def test_without_being_asked_it_installs_no_display() -> None:
    """A cabinet whose screen another program draws gets no Chromium."""
    assert not [
        word for word in ("chromium", "kiosk", "apt-get install --yes") if word in call(INSTALL, "--dry-run").stdout
    ]


@pytest.mark.parametrize("options", [("--display", "--dry-run"), ("--dry-run", "--display")])
def test_the_display_is_installed_when_asked_for(options: tuple[str, ...]) -> None:
    """Its packages, then its user, then its unit; after the controller's, whose page it shows."""
    told = call(INSTALL, *options)
    assert told.returncode == 0, told.stderr
    assert not Path("/etc/systemd/system/locker-kiosk.service").exists()
    places = [
        told.stdout.index(part)
        for part in (
            "systemctl enable locker.service",
            "apt-get install --yes --no-install-recommends chromium cage fonts-noto-cjk\n",
            "systemd/locker-kiosk.sysusers /usr/lib/sysusers.d/locker-kiosk.conf",
            "systemd-sysusers /usr/lib/sysusers.d/locker-kiosk.conf",
            "systemd/locker-kiosk.service /etc/systemd/system/locker-kiosk.service",
            "systemctl daemon-reload\n   systemctl enable locker-kiosk.service",
        )
    ]
    assert places == sorted(places)


def test_the_display_needs_what_its_unit_starts() -> None:
    """The packages are those whose programs the unit names, and a font for Chinese."""
    unit_text = (ROOT / "systemd" / "locker-kiosk.service").read_text(encoding="utf-8")
    named = INSTALL.read_text(encoding="utf-8").split("display_packages=(")[1].split(")")[0].split()
    assert {f"/usr/bin/{name}" for name in named if not name.startswith("fonts-")} == {
        word for word in unit_text.split() if word.startswith("/usr/bin/")
    } | {word.removeprefix("ExecStart=") for word in unit_text.split() if word.startswith("ExecStart=/usr/bin/")}
    assert "fonts-noto-cjk" in named


@pytest.mark.parametrize("voice", [True, False], ids=["espeak", "none"])
def test_the_voice_is_rendered_where_there_is_one(tmp_path: Path, voice: bool) -> None:
    """As the controller's user, into its cache, before the start; without espeak-ng or [voice] it says so."""
    found = rendering(tmp_path, "[voice]\n", espeak=voice)
    if voice:
        folder, render = (
            found.index(part) for part in ("install -d -m 0755 -o locker -g locker ", " voice render --config ")
        )
        assert folder < render < found.index("9/9")
        assert "has no [voice]" in rendering(tmp_path, "[kiosk]\n", espeak=True)
    else:
        assert "voice render" not in found
        assert "no espeak-ng here" in found


def rendering(folder: Path, config: str, *, espeak: bool) -> str:
    """What a dry run says of an upgraded cabinet with this configuration, from the voice on."""
    programs, etc = folder / "bin", folder / "etc"
    for made in (programs, etc):
        made.mkdir(exist_ok=True)
    for name in ("bash", "uname", "dirname", "mktemp", "rm", "grep", "sed"):
        if not (programs / name).exists():
            (programs / name).symlink_to(shutil.which(name) or name)
    if espeak:
        (programs / "espeak-ng").write_text("#!/bin/sh\n", encoding="utf-8")
        (programs / "espeak-ng").chmod(0o755)
    (etc / "cabinet.toml").write_text(config, encoding="utf-8")
    script = folder / "systemd" / "install.sh"
    script.parent.mkdir(exist_ok=True)
    script.write_text(
        INSTALL.read_text("utf-8").replace("config_dir=/etc/locker", f"config_dir={etc}"), encoding="utf-8"
    )
    told = subprocess.run(
        ["bash", str(script), "--dry-run"],
        env={"PATH": str(programs), "PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr
    return told.stdout[told.stdout.index("8/9") :]


def test_an_unknown_option_is_refused() -> None:
    """The installer does nothing on a misspelt option."""
    told = call(INSTALL, "--dryrun")
    assert (told.returncode, told.stdout) == (1, "")
    assert "there is --dry-run" in told.stderr
