"""What every test may ask for: free ports, processes that end with the test, Debian packages that must be there.

A test that wants a Debian package says so with ``@pytest.mark.debian("mosquitto")``. Where the package is missing the
test is skipped and named in a banner at the end, with the command that gets it; with ``LOCKER_NO_SKIP=1`` (as
``.ci/run`` sets it) it fails instead, so that nothing is left untested unnoticed. The same holds for what
``tests/other-issuers.sh`` prepares, with ``@pytest.mark.prepared("python-cwt")``.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# No verdict may depend on how busy the machine is; a failure prints what reproduces it.
settings.register_profile("locker", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("locker")

# Debian package -> a file or a program that shows that it is there. tests/debian-packages.sh installs the same ones.
DEBIAN: dict[str, str] = {
    "mosquitto": "mosquitto",
    "chromium": "chromium",
    "fonts-noto-cjk": "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "systemd": "systemd-analyze",
    "nodejs": "node",
    "npm": "npm",
    "espeak-ng": "espeak-ng",
    "alsa-utils": "aplay",
    "poppler-utils": "pdftoppm",
}
ROOT = Path(__file__).resolve().parent.parent
# What tests/other-issuers.sh makes -> the file that shows that it is done.
PREPARED: dict[str, Path] = {
    "python-cwt": ROOT / ".venv-cwt" / ".ready",
    "javascript-example": ROOT / "docs" / "examples" / "javascript" / "node_modules" / ".ready",
    "axe-core": ROOT / "tests" / "axe" / "node_modules" / ".ready",
}
SEARCH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
END_S = 10
LACKS = "lacks"
"""A skipped test's property: the package that it wants."""


def lacking(packages: Sequence[str], search: str = SEARCH) -> list[str]:
    """Those of the Debian packages that are not here; KeyError for one that ``DEBIAN`` does not know."""
    return [name for name in packages if shutil.which(DEBIAN[name], os.F_OK, path=search) is None]


def banner(skipped: Sequence[tuple[str, str]]) -> list[str]:
    """The lines that say which tests were skipped for want of which package (package, test), and how to get it."""
    lines = []
    packages = sorted({package for package, _ in skipped})
    for package in packages:
        tests = [test for wanted, test in skipped if wanted == package]
        lines.append(f"{package} is missing, so {len(tests)} test(s) did NOT run:")
        lines += [f"    {test}" for test in tests]
    debian = [package for package in packages if package not in PREPARED]
    lines += [f"to run them: sudo apt-get install {' '.join(debian)}"] if debian else []
    return lines + (["to run them: bash tests/other-issuers.sh"] if set(packages) & PREPARED.keys() else [])


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip loudly, or fail under ``LOCKER_NO_SKIP=1``, where what a test needs is missing."""
    missing = lacking([name for mark in item.iter_markers("debian") for name in mark.args])
    if missing:
        _cannot_run(item, missing, f"Debian package(s) missing: {' '.join(missing)}", "tests/debian-packages.sh")
    names = [name for mark in item.iter_markers("prepared") for name in mark.args]
    missing = [name for name in names if not PREPARED[name].exists()]
    if missing:
        _cannot_run(item, missing, f"not prepared: {' '.join(missing)}", "tests/other-issuers.sh")


def _cannot_run(item: pytest.Item, missing: list[str], what: str, remedy: str) -> None:
    if os.environ.get("LOCKER_NO_SKIP") == "1":
        pytest.fail(f"{what}; run {remedy}", pytrace=False)
    item.user_properties += [(LACKS, name) for name in missing]
    pytest.skip(what)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the banner, so that a skip is never overlooked; whichever process it was in."""
    reports = terminalreporter.stats.get("skipped", [])
    found = ((str(name), report.nodeid) for report in reports for key, name in report.user_properties if key == LACKS)
    lines = banner(list(dict.fromkeys(found)))
    if lines:
        terminalreporter.section("NOT EVERYTHING WAS TESTED", sep="!", red=True, bold=True)
        for line in lines:
            terminalreporter.write_line(line, red=True)


@pytest.fixture
def free_ports() -> Callable[[int], list[int]]:
    """Give n different TCP ports of the loopback interface that nobody listens on."""

    def pick(count: int) -> list[int]:
        sockets = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
        try:
            for each in sockets:
                each.bind(("127.0.0.1", 0))
            return [each.getsockname()[1] for each in sockets]
        finally:
            for each in sockets:
                each.close()

    return pick


@pytest.fixture
def free_port(free_ports: Callable[[int], list[int]]) -> int:
    """One TCP port of the loopback interface that nobody listens on."""
    return free_ports(1)[0]


@pytest.fixture
def program() -> Callable[[str], str]:
    """Give the path of a program, looked for in the sbin directories as well; fails where there is none."""

    def find(name: str) -> str:
        found = shutil.which(name, path=SEARCH)
        assert found is not None, f"no program {name}: mark the test with @pytest.mark.debian(...)"
        return found

    return find


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start programs that end with the test, each by its own process id: first asked (SIGTERM), then killed.

    ``start(["mosquitto", "-p", "1883"], name="broker")`` writes both outputs to ``tmp_path / "broker.log"``; other
    keywords go to ``subprocess.Popen``.
    """
    running: list[subprocess.Popen[bytes]] = []

    def launch(command: Sequence[str | Path], *, name: str = "program", **more: Any) -> subprocess.Popen[bytes]:
        with (tmp_path / f"{name}.log").open("ab") as log:
            options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": subprocess.STDOUT} | more
            process: subprocess.Popen[bytes] = subprocess.Popen(list(map(str, command)), **options)
        running.append(process)
        return process

    yield launch
    for process in reversed(running):
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
