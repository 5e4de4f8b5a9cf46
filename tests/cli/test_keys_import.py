"""``locker keys show``, ``import`` and ``revoke``: what reaches a cabinet, what does not, and what people are told."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from issuer_desk import AUD, HEX, IAT, NEW, PINNED, RESIDENT, ROOT, STAFF, bring, in_force, make, run, set_up, token

from locker import clock
from locker.authority import keyset, revocation
from locker.authority.ed25519 import PublicKey
from locker.authority.issue_set import make_revocation, make_set
from locker.authority.keys import IssuerKey, KeyRing, KeyState
from locker.authority.revocation import RevocationList, Revoked
from locker.authority.root import Fault
from locker.authority.token import Authority, Claims, Refused
from locker.cli import keyfile
from locker.cli.keys import ADVICE
from locker.model import Refusal


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Return an issuer's desk."""
    return set_up(tmp_path)


# --- show and import -----------------------------------------------------------------------------------


def test_show_without_a_root_believes_nothing(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A stranger's set is shown under NOT VERIFIED; with --root it is refused, with the next step."""
    (desk / "x.lks").write_bytes(make_set(NEW, 3, IAT, [IssuerKey(PublicKey(STAFF.public), keyset.RESIDENTS)]))
    assert run("show", desk / "x.lks") == 0
    out = capsys.readouterr().out
    assert out.startswith("NOT VERIFIED")
    assert "no end" in out
    assert run("show", desk / "x.lks", "--root", HEX) == 1
    out = capsys.readouterr().out
    assert out.startswith("refused: other_root (")
    assert f"next: {ADVICE[Fault.OTHER_ROOT]}" in out
    assert "VERIFIED" not in out


@pytest.mark.parametrize("content", [b"", b"hello", b"\xd2\x84", bytes(100_000)])
def test_show_and_import_of_anything_else_say_what_it_is_not(
    desk: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    """Exit code 1 and a reason, for empty, foreign, cut and huge files; the cabinet's folder stays empty."""
    (desk / "x").write_bytes(content)
    reason = "too_long" if len(content) > 8192 else "malformed"
    assert run("show", desk / "x") == 1
    assert f"refused: {reason}" in capsys.readouterr().out
    assert bring(desk, "x") == 1
    assert f"refused: {reason}" in capsys.readouterr().out
    assert list((desk / "cabinet").iterdir()) == []


def test_import_refuses_a_rollback_and_keeps_what_is_there(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An older set, another of the same version, another root's: exit code 1, the reason, the old file untouched."""
    for version in (1, 2):
        assert make(desk, version) == 0
    assert bring(desk, "keys-2.lks") == 0
    before = (desk / "cabinet" / "keys.lks").read_bytes()
    keys = in_force(desk).keys
    (desk / "same.lks").write_bytes(make_set(ROOT, 2, IAT, keys))
    (desk / "other.lks").write_bytes(make_set(NEW, 3, IAT, keys))
    for name, reason in (("keys-1.lks", "rollback"), ("same.lks", "conflict"), ("other.lks", "other_root")):
        capsys.readouterr()
        assert bring(desk, name) == 1
        assert f"refused: {reason} (" in capsys.readouterr().out
        assert (desk / "cabinet" / "keys.lks").read_bytes() == before


def test_import_of_the_same_again_changes_nothing(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Said, exit code 0, and the file is not even written."""
    assert make(desk, 1) == 0
    assert bring(desk, "keys-1.lks") == 0
    place = desk / "cabinet" / "keys.lks"
    first = place.stat()
    assert bring(desk, "keys-1.lks") == 0
    assert "no change" in capsys.readouterr().out
    assert (place.stat().st_ino, place.stat().st_mtime_ns) == (first.st_ino, first.st_mtime_ns)


def test_import_replaces_what_is_no_good(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file cut by a broken disk does not keep the good one out; it is said."""
    assert make(desk, 1) == 0
    place = desk / "cabinet" / "keys.lks"
    place.write_bytes((desk / "keys-1.lks").read_bytes()[:-1])
    assert bring(desk, "keys-1.lks") == 0
    assert "is not good and is replaced: malformed" in capsys.readouterr().err
    assert in_force(desk).version == 1


def test_the_imported_file_is_for_the_controller_and_nobody_else(desk: Path) -> None:
    """Mode 0640, the group of the folder, nothing left beside it; read-only for the controller is enough."""
    folder = desk / "cabinet"
    if os.geteuid() == 0:
        os.chown(folder, -1, 54_321)
    assert make(desk, 1) == 0
    assert bring(desk, "keys-1.lks") == 0
    [place] = folder.iterdir()
    assert stat.S_IMODE(place.stat().st_mode) == 0o640
    assert place.stat().st_gid == folder.stat().st_gid


def test_a_file_that_cannot_take_its_place_leaves_nothing_behind(tmp_path: Path) -> None:
    """The new one is written beside and then named; where that fails the folder is as it was."""
    (tmp_path / "keys.lks").mkdir()
    with pytest.raises(OSError):
        keyfile.replace(tmp_path / "keys.lks", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["keys.lks"]


CABINET_TOML = """
doors = [{{ door = 1, size = "M", side = "left", row = 1, channel = 0 }}]
[cabinet]
id = "sjz-gate-1"
phone = "0311-1234567"
[[boards]]
port = "/dev/board"
[scanner]
port = "/dev/scanner"
[store]
path = "{path}"
"""


def test_import_finds_the_folder_in_the_configuration(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside the database; a configuration that cannot be used is an error, and one place must be named."""
    (desk / "cabinet.toml").write_text(CABINET_TOML.format(path=desk / "cabinet" / "locker.db"), encoding="utf-8")
    assert make(desk, 1) == 0
    words = ("import", desk / "keys-1.lks", "--root", HEX)
    assert run(*words, "--config", desk / "cabinet.toml") == 0
    assert in_force(desk).version == 1
    assert run(*words, "--config", desk / "set.toml") == 2
    assert run(*words, "--to", desk / "nowhere") == 2
    assert "nowhere" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run(*words)


@pytest.mark.parametrize("wrong", ["", "xyz", "ab", "00" * 32])
def test_a_root_that_is_none_is_a_usage_error(desk: Path, wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Not hexadecimal, too short, of small order: refused while parsing, with where to find the right one."""
    with pytest.raises(SystemExit) as stop:
        run("import", desk / "x", "--root", wrong, "--to", desk)
    assert stop.value.code == 2
    assert "locker keys root" in capsys.readouterr().err


# --- revoking ------------------------------------------------------------------------------------------


def revoke(desk: Path, version: int, *tokens: str) -> int:
    """Make the revocation list of this version, after the one before."""
    before = ("--previous", desk / f"revoked-{version - 1}.lkr") if version > 1 else ("--first",)
    out = ("--out", desk / f"revoked-{version}.lkr")
    return run("revoke", *tokens, "--root-key", desk / "root.pem", *before, *out)


def test_a_token_is_revoked_by_its_text(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Listed, imported beside the set, and refused at a cabinet that has both; the token beside it works."""
    bad, good = token(RESIDENT, b"\xee" * 16), token(RESIDENT, b"\xaa" * 16)
    assert revoke(desk, 1, bad) == 0
    assert "revocation list, version 1," in capsys.readouterr().out
    assert make(desk, 1) == 0
    assert bring(desk, "keys-1.lks") == bring(desk, "revoked-1.lkr") == 0
    found = revocation.verify((desk / "cabinet" / "revoked.lkr").read_bytes(), PINNED)
    assert isinstance(found, RevocationList)
    authority = Authority(KeyRing.from_keyset(in_force(desk)), AUD, Revoked(found.revoked))
    verdict = authority.verify(bad.encode(), clock.now())
    assert isinstance(verdict, Refused)
    assert verdict.reason is Refusal.REVOKED
    assert isinstance(authority.verify(good.encode(), clock.now()), Claims)
    assert run("show", desk / "revoked-1.lkr", "--root", HEX) == 0
    assert f"cti {'ee' * 16}  exp " in capsys.readouterr().out


def test_the_next_list_carries_on_and_forgets_the_long_expired(desk: Path) -> None:
    """Entries of the previous list stay until a day after their exp; the later exp of two counts."""
    now_s = clock.wall_s()
    old = {bytes(16): now_s - 90_000, b"\xaa" * 16: now_s + 50}
    (desk / "revoked-1.lkr").write_bytes(make_revocation(ROOT, 1, IAT, old))
    assert revoke(desk, 2, f"{'ee' * 16}:{now_s + 100}", f"{'aa' * 16}:{now_s + 60}") == 0
    found = revocation.inspect((desk / "revoked-2.lkr").read_bytes())
    assert (found.version, dict(found.revoked)) == (2, {b"\xaa" * 16: now_s + 60, b"\xee" * 16: now_s + 100})
    assert revoke(desk, 3, f"{'ee' * 16}:{now_s + 1}") == 0
    assert dict(revocation.inspect((desk / "revoked-3.lkr").read_bytes()).revoked) == dict(found.revoked)


@pytest.mark.parametrize("text", ["", "6901234567892", "LK1:ABC", "ee:1", f"{'EE' * 16}:1", f"{'ee' * 16}:soon"])
def test_what_is_no_token_is_not_revoked(desk: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Exit code 2, said, and no list is made."""
    assert revoke(desk, 1, text) == 2
    assert "is no token" in capsys.readouterr().err
    assert not (desk / "revoked-1.lkr").exists()


def test_a_set_is_not_taken_for_the_previous_list(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The wrong file: named, with its reason."""
    assert make(desk, 1) == 0
    (desk / "revoked-1.lkr").write_bytes((desk / "keys-1.lks").read_bytes())
    assert revoke(desk, 2) == 2
    assert "revoked-1.lkr: content (a revocation list has the claims" in capsys.readouterr().err


def test_every_reason_has_an_advice() -> None:
    """No refusal leaves its reader without a next step."""
    assert set(ADVICE) == set(Fault)


def test_no_command_prints_a_private_key(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither a seed nor a line of a key file is in anything that was printed, in a set or in a list."""
    make(desk, 1)
    revoke(desk, 1, token(RESIDENT))
    bring(desk, "keys-1.lks")
    run("show", desk / "keys-1.lks")
    run("root", desk / "root.pem", "--again")
    out, err = capsys.readouterr()
    written = b"".join((desk / name).read_bytes() for name in ("keys-1.lks", "revoked-1.lkr"))
    for name, seed in (("root.pem", b"\1" * 32), ("residents.pem", b"\2" * 32)):
        secret = (desk / name).read_text(encoding="ascii").splitlines()[1]
        assert secret not in out + err
        assert seed.hex() not in out + err
        assert seed not in written


def test_states_and_times_are_shown_as_people_read_them(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A time beyond the calendar is shown in seconds instead of failing."""
    key = IssuerKey(PublicKey(RESIDENT.public), keyset.RESIDENTS, state=KeyState.NEXT, not_after=2**62)
    (desk / "x.lks").write_bytes(make_set(ROOT, 1, IAT, [key]))
    assert run("show", desk / "x.lks") == 0
    out = capsys.readouterr().out
    assert f" {2**62} " in out
    assert " next " in out
    assert "1970-01-01T00:00:00Z" in out
