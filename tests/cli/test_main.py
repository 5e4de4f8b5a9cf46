"""The command ``locker``: it finds the group, imports nothing else, and tells a mistake in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from locker import __version__
from locker.cli.main import GROUPS, main

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "config" / "cabinet.toml"


def run(*words: str, code: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m locker`` (or the given code) as a process of its own, in the project's folder."""
    command = ["-c", code] if code else ["-m", "locker", *words]
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | {"PYTHONUTF8": "1", "LOCKER_DEBUG": ""} | env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_help_lists_every_group_in_both_languages(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Without a group, or asked for help, it says what there is and is content."""
    assert main(words) == 0
    out = capsys.readouterr().out
    for group in GROUPS:
        assert f"  {group.name} " in out
        assert group.zh in out
        assert group.en in out


def test_help_imports_no_group() -> None:
    """The list of groups costs no group's import, and a group's command no other's: starting must stay cheap."""
    show = "print(sorted(m for m in sys.modules if m.startswith(('locker.', 'drivers', 'sim'))))"
    code = "import sys; from locker.cli.main import main; main({words}); " + show
    told = run(code=code.format(words=["--help"]))
    assert told.stdout.splitlines()[-1] == "['locker.cli', 'locker.cli.main']", told.stderr
    told = run(code=code.format(words=["config", "check", str(EXAMPLE)]))
    names = ["locker.cli", "locker.cli.config", "locker.cli.main", "locker.config"]
    names += sorted(f"locker.{file.stem}" for file in (EXAMPLE.parents[1] / "locker").glob("config_*.py"))
    assert told.stdout.splitlines()[-1] == str(names)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """``--version`` prints the program's name and version on one line."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"locker {__version__}\n"


@pytest.mark.parametrize(
    ("word", "hint"), [("confg", 'did you mean "locker config"?'), ("dmeo", 'did you mean "locker demo"?')]
)
def test_an_unknown_group_suggests_the_nearest(word: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A slip of the finger is answered with what was probably meant; exit code 2."""
    assert main([word]) == 2
    assert hint in capsys.readouterr().err


def test_an_unlike_word_is_answered_with_all_groups(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing is near, all groups are named."""
    assert main(["zzz"]) == 2
    err = capsys.readouterr().err
    assert "there are: run, demo, bench, " in err
    assert " token, keys, config" in err


def test_config_check_sums_up_the_example(capsys: pytest.CaptureFixture[str]) -> None:
    """A good file: doors by size, the board and its port, the scanner, the cloud with TLS, that no key is in use."""
    assert main(["config", "check", str(EXAMPLE)]) == 0
    out = capsys.readouterr().out
    for part in ("xy-001", "24: S 12, M 9, L 3; 低位 low 9", "kr-cu24 at /dev/serial/by-path/", "24 doors", "gm65 at"):
        assert part in out
    assert "broker.example.org:8883, MQTT 5, TLS" in out
    assert "every token will be refused" in out


def test_config_check_of_a_cabinet_without_cloud(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a cabinet does without is said as well; a key in use is named by its first digits."""
    text = EXAMPLE.read_text(encoding="utf-8")
    for begins, ends in (("[panel]", "# ---- 存储"), ("[pickup]", "# ---- 保留期限")):
        text = text[: text.index(begins)] + text[text.index(ends) :]
    path = tmp_path / "cabinet.toml"
    key = f'[[keys]]\npublic = "{"ab" * 32}"\npurposes = ["deposit", "collect"]\n'
    path.write_text(text + key, encoding="utf-8")
    assert main(["config", "check", str(path)]) == 0
    out = capsys.readouterr().out
    assert "events stay here" in out
    assert "screen    无 none" in out
    assert "abababab… deposit+collect" in out


def test_config_check_names_every_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A bad file: one line a problem on stderr, nothing on stdout, exit code 2."""
    path = tmp_path / "cabinet.toml"
    text = EXAMPLE.read_text(encoding="utf-8")
    path.write_text(text.replace("\nbaud = 19200", "\nbuad = 19200").replace("tls = true", "tls = 1"), encoding="utf-8")
    assert main(["config", "check", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        f'locker: {path}: boards[0].buad: unknown key with value 19200; did you mean "baud"?',
        f"locker: {path}: mqtt.tls: found 1; allowed: true or false",
    ]


def test_a_mistake_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    """A file that is not there, a file that is a folder: one line, exit code 2; the traceback comes when asked for."""
    gone = tmp_path / "none.toml"
    told = run("config", "check", str(gone))
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == f"locker: {gone}: No such file or directory\n"
    assert run("config", "check", str(tmp_path)).stderr == f"locker: {tmp_path}: Is a directory\n"
    assert "Traceback" in run("config", "check", str(gone), LOCKER_DEBUG="1").stderr


def _group(body: str) -> str:
    """Code that runs ``locker token`` with a group that does ``body``, put where the real one is imported from."""
    return (
        "import sys, types; from locker.cli.main import main; group = types.ModuleType('locker.cli.token');"
        f"group.register = lambda parser: None\ndef run(args):\n    {body}\ngroup.run = run\n"
        "sys.modules['locker.cli.token'] = group\nraise SystemExit(main(['token']))"
    )


def test_a_bug_keeps_its_traceback() -> None:
    """A ValueError that is not one of ours is a bug, and a bug is shown with its place."""
    told = run(code=_group("int('x')"))
    assert told.returncode == 1
    assert "Traceback" in told.stderr


def test_an_interrupt_ends_quietly() -> None:
    """Ctrl-C is no error: exit code 130, as a shell expects, and no traceback."""
    told = run(code=_group("raise KeyboardInterrupt"))
    assert (told.returncode, told.stderr) == (130, "")


def test_the_groups_own_exit_code_is_the_programs() -> None:
    """What a group returns is what the shell sees."""
    assert run(code=_group("return 7")).returncode == 7


@pytest.mark.parametrize("place", ["at the top of the group", "where the group runs"])
def test_a_missing_package_is_told_by_name(place: str) -> None:
    """A cabinet has no simulator's packages: the command says which is missing and how to get it, no traceback."""
    code = _group("import nosuchpackage")
    if place == "at the top of the group":
        finder = "class Gone:\n def find_spec(self, name, *_):\n  if name == 'locker.cli.token': import nosuchpackage"
        code = f"import sys\n{finder}\nsys.meta_path.insert(0, Gone())\n" + (
            "from locker.cli.main import main\nraise SystemExit(main(['token']))"
        )
    told = run(code=code)
    assert told.stderr == 'locker: 缺少 Python 包 missing package "nosuchpackage"; run "make setup"\n'
    assert told.returncode == 2


def test_a_module_of_ours_that_is_not_there_is_a_bug() -> None:
    """Only a package of others' can be missing on a machine; one of ours keeps its traceback."""
    told = run(code=_group("import locker.nosuchmodule"))
    assert told.returncode == 1
    assert "Traceback" in told.stderr


def test_a_reader_that_goes_away_is_no_error() -> None:
    """``locker --help | true``: the pipe closes early; nothing is said of it, exit code 141."""
    reader, writer = os.pipe()
    os.close(reader)
    told = subprocess.run(
        [sys.executable, "-m", "locker", "--help"], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=writer,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    os.close(writer)
    assert (told.returncode, told.stderr) == (141, b"")
