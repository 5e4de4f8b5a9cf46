"""The ground the project stands on: it names no machine, its packages are pinned, no test is lost unnoticed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from conftest import DEBIAN, banner, lacking

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parent.parent
BINARY = {".png", ".jpg", ".ico", ".woff2", ".pdf", ".db", ".bin"}

# Written in two halves, so that this file does not name what it forbids.
HOSTS = [f"{name}.{top}" for name, top in [
    ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("debian", "org/debian"), ("crates", "io"),
    ("piwheels", "org"), ("golang", "org"), ("conda", "io"),
]] + ["mirrors" + ".", "://" + "localhost/simple", "file:" + "///"]  # fmt: skip
HOMES = re.compile(r"(?<![\w./])/(?:home|root|work|Users)" + r"/[\w.]")


def tracked() -> list[Path]:
    """The project's files: what git knows or would add; without git, all but what .gitignore's folders hold."""
    told = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if told.returncode == 0:
        files = [ROOT / name for name in told.stdout.split("\0") if name]
    else:
        theirs = re.compile(r"/\.|__pycache__|\.egg-info|node_modules")
        files = [path for path in ROOT.rglob("*") if not theirs.search(str(path))]
    return [path for path in files if path.is_file() and path.suffix not in BINARY]


def offences(text: str) -> list[str]:
    """What a text says that is true on one machine only, or in one network only."""
    found = [host for host in HOSTS if host in text]
    found += [match[0] for match in HOMES.finditer(text)]
    return found + ([f"{ROOT}/"] if re.search(rf"(?<![\w.]){re.escape(str(ROOT))}/", text) else [])


def pins(name: str) -> dict[str, str]:
    """The packages of a lock file with their versions."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==(\S+)(?: ; .+)? \\$", text, re.MULTILINE))


def plain(requirement: str) -> str:
    """The name of a requirement, as lock files spell it."""
    return re.split(r"[^\w.-]", requirement)[0].lower().replace("_", "-")


def test_no_file_names_a_machine_or_a_registry() -> None:
    """A clone works anywhere: no registry's address, no path of the machine that a file was written on."""
    found = {path: offences(path.read_text(encoding="utf-8")) for path in tracked()}
    assert not {str(path.relative_to(ROOT)): what for path, what in found.items() if what}


@pytest.mark.parametrize(
    "bad", ["--index-url https://" + "pypi" + ".org/simple", "see /" + "home/anna/notes", f"{ROOT}/x"]
)
def test_a_registry_or_a_path_would_be_noticed(bad: str) -> None:
    """The test above can fail."""
    assert offences(bad)
    assert not offences("/dev/serial/by-path/x, /opt/locker/bin and docs/works/home/x")


@pytest.mark.parametrize("name", ["dev.txt", "pi.txt", "second-opinion.txt", "fuzz.txt"])
def test_each_package_is_pinned_by_hash(name: str) -> None:
    """Every line of a lock file is a pin with hashes or a comment: no index, no link, nothing editable."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    for block in re.split(r"\n(?=\S)", text.strip()):
        pinned = re.match(r"[\w.-]+==\S+( ; .+)? \\\n    --hash=sha256:[0-9a-f]{64}", block)
        assert block.startswith("#") or pinned, block


def test_the_lock_files_cover_what_is_declared() -> None:
    """What pyproject asks for is pinned, the build backend included; a cabinet gets the versions that were tested."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    runtime = {plain(line) for line in project["project"]["dependencies"] + project["build-system"]["requires"]}
    assert runtime <= pins("pi.txt").keys()
    assert runtime | {plain(line) for lines in extras.values() for line in lines} <= pins("dev.txt").keys()
    assert pins("pi.txt").items() <= pins("dev.txt").items()


def test_a_cabinet_gets_no_test_tools() -> None:
    """The cabinet's own lock file has neither the simulator's packages nor the tests'."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = {plain(line) for lines in project["project"]["optional-dependencies"].values() for line in lines}
    assert not extras & pins("pi.txt").keys()


def test_the_installer_of_debian_packages_knows_the_same_ones() -> None:
    """What a test may ask for by its mark is what tests/debian-packages.sh installs."""
    told = subprocess.run(
        ["bash", str(ROOT / "tests" / "debian-packages.sh"), "--list"], capture_output=True, text=True
    )
    assert sorted(told.stdout.split()) == sorted(DEBIAN)


def test_a_missing_package_is_seen(tmp_path: Path) -> None:
    """A package is missing when its program is on no search path, and is there when it is on one."""
    assert lacking(["mosquitto", "chromium"], str(tmp_path)) == ["mosquitto", "chromium"]
    (tmp_path / "mosquitto").touch(0o755)
    assert lacking(["mosquitto", "chromium"], str(tmp_path)) == ["chromium"]
    with pytest.raises(KeyError):
        lacking(["nosuchpackage"])


def test_the_banner_names_tests_packages_and_the_command() -> None:
    """Whoever reads it knows what did not run and what to type."""
    assert banner([]) == []
    assert banner([("mosquitto", "a.py::b"), ("chromium", "c.py::d"), ("mosquitto", "e.py::f")]) == [
        "chromium is missing, so 1 test(s) did NOT run:",
        "    c.py::d",
        "mosquitto is missing, so 2 test(s) did NOT run:",
        "    a.py::b",
        "    e.py::f",
        "to run them: sudo apt-get install chromium mosquitto",
    ]


def test_the_banner_names_what_is_not_prepared() -> None:
    """Other people's issuers come with another command than Debian packages; where both are missing, both are named."""
    lines = banner([("python-cwt", "a.py::b"), ("mosquitto", "c.py::d")])
    assert lines[2:] == [
        "python-cwt is missing, so 1 test(s) did NOT run:",
        "    a.py::b",
        "to run them: sudo apt-get install mosquitto",
        "to run them: bash tests/other-issuers.sh",
    ]


@pytest.mark.parametrize(("no_skip", "outcome"), [("0", {"skipped": 1}), ("1", {"errors": 1})])
def test_what_is_not_prepared_is_never_passed_over(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, no_skip: str, outcome: dict[str, int]
) -> None:
    """A test that wants python-cwt is skipped loudly where it is not there, and fails where nothing may be skipped."""
    monkeypatch.setenv("LOCKER_NO_SKIP", no_skip)
    pytester.makeconftest((ROOT / "tests" / "conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile(
        "import pytest\n\n@pytest.mark.prepared('python-cwt')\ndef test_it(): raise SystemExit('ran')\n"
    )
    pytester.makeini("[pytest]\nmarkers = prepared(*names): as in the project\n")
    told = pytester.runpytest_subprocess()
    told.assert_outcomes(**outcome)
    told.stdout.fnmatch_lines(["*tests/other-issuers.sh*"])


def test_preparing_other_issuers_never_ends_a_run(tmp_path: Path) -> None:
    """Without python, node and a network the script says what is missing, and how to try again, and succeeds."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "second-opinion.txt").touch()
    script = tmp_path / "tests" / "other-issuers.sh"
    script.write_bytes((ROOT / "tests" / "other-issuers.sh").read_bytes())
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("bash", "dirname", "mktemp", "tail", "rm"):
        found = shutil.which(tool)
        assert found is not None
        (tools / tool).symlink_to(found)
    told = subprocess.run(
        [str(tools / "bash"), str(script)],
        env={"PATH": str(tools)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0
    assert "could not prepare python-cwt" in told.stderr
    assert "To try again: bash tests/other-issuers.sh" in told.stderr
    assert "no node and npm here" in told.stderr


def _one_test_that_wants_mosquitto(pytester: pytest.Pytester) -> None:
    """A project with this conftest, a test that wants a package, and a machine that has it not."""
    text = (ROOT / "tests" / "conftest.py").read_text(encoding="utf-8")
    pytester.makeconftest(text.replace('"mosquitto": "mosquitto"', '"mosquitto": "no-such-program"'))
    pytester.makepyfile(
        "import pytest\n\n@pytest.mark.debian('mosquitto')\ndef test_broker(): raise SystemExit('ran')\n"
        "def test_other(): pass\n"
    )
    pytester.makeini("[pytest]\nmarkers = debian(*packages): as in the project\n")


def test_a_skip_for_want_of_a_package_is_loud(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a developer's machine the test is skipped and the end of the run says so with the command that helps."""
    monkeypatch.delenv("LOCKER_NO_SKIP", raising=False)
    _one_test_that_wants_mosquitto(pytester)
    told = pytester.runpytest_subprocess()
    told.assert_outcomes(passed=1, skipped=1)
    told.stdout.fnmatch_lines(["*NOT EVERYTHING WAS TESTED*", "*apt-get install mosquitto", "*1 passed, 1 skipped*"])


def test_where_nothing_may_be_skipped_it_fails(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """With LOCKER_NO_SKIP=1, as .ci/run sets it, the same test fails."""
    monkeypatch.setenv("LOCKER_NO_SKIP", "1")
    _one_test_that_wants_mosquitto(pytester)
    told = pytester.runpytest_subprocess()
    told.assert_outcomes(passed=1, errors=1)
    assert "export LOCKER_NO_SKIP=1" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_make_help_lists_each_target() -> None:
    """``make`` alone explains itself: every target that a person calls, with a line of help."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony is not None
    told = subprocess.run(
        ["make", "-C", str(ROOT), "--no-print-directory"], env=_plain_env(), capture_output=True, text=True
    )
    assert sorted(line.split()[0] for line in told.stdout.splitlines()[2:]) == sorted(phony[1].split())


def test_a_machine_without_python_is_told_what_to_install(tmp_path: Path) -> None:
    """The set-up fails with the package to install, not with a traceback."""
    (tmp_path / "python-old").write_text('#!/bin/sh\n[ "$1" = -V ] && echo Python 3.9.2\nexit 1\n')
    (tmp_path / "python-old").chmod(0o755)
    for python, expected in [("no-such-python", "apt-get install python3 python3-venv"),
                             (str(tmp_path / "python-old"), "is Python 3.9.2; this needs 3.11 or later")]:  # fmt: skip
        told = subprocess.run(
            ["make", "-C", str(ROOT), "-B", f"PYTHON={python}", f"VENV={tmp_path}/venv", "setup"],
            env=_plain_env(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
        assert told.returncode == 2
        assert expected in told.stderr


def _plain_env() -> dict[str, str]:
    """The environment without what an outer make passes down to inner ones."""
    return {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
