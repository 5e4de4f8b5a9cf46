"""``locker keys root`` and ``make-set``: what an issuer types on a laptop, what comes out, which exit code."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
from issuer_desk import (
    HEX,
    IAT,
    NEW,
    NEW_KEY,
    PINNED,
    RESIDENT,
    RESIDENTS_KEY,
    ROOT,
    SPAN,
    STAFF,
    STAFFS_KEY,
    answer,
    bring,
    describe,
    in_force,
    make,
    run,
    set_up,
)

from locker.authority import keyset
from locker.authority.ed25519 import PrivateKey
from locker.authority.issue_set import make_set
from locker.authority.keys import IssuerKey, kid_of
from locker.cli import keyfile, set_file
from locker.cli.main import main
from locker.model import Refusal


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Return an issuer's desk."""
    return set_up(tmp_path)


# --- the root -------------------------------------------------------------------------------------


def test_root_makes_a_private_file_once_and_prints_what_to_pin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Mode 0600, the public half on a line of its own; never overwritten, and --again prints the same line."""
    path = tmp_path / "root.pem"
    assert run("root", path) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == PrivateKey.from_pem(path.read_bytes()).public.hex()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "PRIVATE" not in out + err
    before = path.read_bytes()
    assert run("root", path) == 2
    assert "exists and is not overwritten" in capsys.readouterr().err
    assert run("root", path, "--again") == 0
    assert capsys.readouterr().out == out
    assert path.read_bytes() == before


def test_a_root_key_that_others_may_read_is_said(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is used all the same: sticks have no modes."""
    (desk / "root.pem").chmod(0o644)
    assert make(desk, 1) == 0
    assert "others on this machine may read" in capsys.readouterr().err


# --- a set, from the laptop to a token at the cabinet ------------------------------------------------


def test_a_set_goes_from_the_laptop_to_the_cabinet(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Made, shown, imported: the cabinet then takes the residents' tokens and no stranger's."""
    assert make(desk, 1) == 0
    assert run("show", desk / "keys-1.lks", "--root", HEX) == 0
    out = capsys.readouterr().out
    assert f"VERIFIED: signed by root {kid_of(ROOT.public).hex()}" in out
    for part in ("key set, version 1,", RESIDENT.public.hex(), "deposit,collect", "2099-01-01T00:00:00Z", "active"):
        assert part in out
    assert bring(desk, "keys-1.lks") == 0
    found = in_force(desk)
    assert (found.version, found.raw) == (1, (desk / "keys-1.lks").read_bytes())
    assert (answer(found, RESIDENT), answer(found, NEW)) == (None, Refusal.UNKNOWN_KEY)


def test_a_rotation_on_the_command_line(desk: Path) -> None:
    """next, active, retired, gone: four more sets, each made from the one before and imported."""
    tables = [
        (RESIDENTS_KEY, STAFFS_KEY),
        (RESIDENTS_KEY, STAFFS_KEY, NEW_KEY + 'state = "next"\n'),
        (RESIDENTS_KEY, STAFFS_KEY, NEW_KEY),
        (RESIDENTS_KEY + 'state = "retired"\n', STAFFS_KEY, NEW_KEY),
        (STAFFS_KEY, NEW_KEY),
    ]
    seen = []
    for version, described in enumerate(tables, 1):
        describe(desk, *described)
        assert make(desk, version) == 0
        assert bring(desk, f"keys-{version}.lks") == 0
        seen.append((answer(in_force(desk), RESIDENT), answer(in_force(desk), NEW)))
    assert seen == [
        (None, Refusal.UNKNOWN_KEY),
        (None, None),
        (None, None),
        (Refusal.KEY_RETIRED, None),
        (Refusal.UNKNOWN_KEY, None),
    ]


def test_a_stolen_key_is_retired_at_once_only_when_that_is_said(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --emergency each gap is a line and nothing is written; with it the set is made."""
    assert make(desk, 1) == 0
    describe(desk, RESIDENTS_KEY + 'state = "retired"\n', STAFFS_KEY, NEW_KEY)
    assert make(desk, 2) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert lines[0] == "locker: deposit: no key of version 1 is left; retire the old one later"
    assert not (desk / "keys-2.lks").exists()
    assert make(desk, 2, "--emergency") == 0
    assert bring(desk, "keys-2.lks") == 0
    assert (answer(in_force(desk), RESIDENT), answer(in_force(desk), NEW)) == (Refusal.KEY_RETIRED, None)


def test_an_emergency_excuses_no_mistake(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A key that is left out without having been retired is a mistake in any hurry."""
    assert make(desk, 1) == 0
    describe(desk, STAFFS_KEY)
    assert make(desk, 2, "--emergency") == 2
    assert f"key {kid_of(RESIDENT.public).hex()} is left out" in capsys.readouterr().err


def test_a_cut_off_is_written_with_its_offset(desk: Path) -> None:
    """Twelve in Shijiazhuang is four in UTC, and arrives in the set."""
    describe(desk, RESIDENTS_KEY + "cutoff = 2025-06-15T12:00:00+08:00\nalg = -19\n", STAFFS_KEY)
    assert make(desk, 1) == 0
    found = keyset.inspect((desk / "keys-1.lks").read_bytes())
    [mine] = [each for each in found.keys if each.public.raw == RESIDENT.public]
    assert (mine.cutoff_iat, mine.alg, mine.not_before) == (1_749_960_000, -19, 1_577_836_800)


def test_a_purpose_that_nobody_serves_is_said(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The set is made: a community may have no technician's key; but it is said."""
    describe(desk, RESIDENTS_KEY)
    assert make(desk, 1) == 0
    err = capsys.readouterr().err
    assert "no key may sign for staff" in err
    assert "deposit" not in err


def test_a_lost_previous_file_needs_the_version_in_force(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--after 7 makes version 8; one of the three must be said, and a set is never overwritten."""
    words = ("make-set", desk / "set.toml", "--root-key", desk / "root.pem", "--out", desk / "keys.lks")
    assert run(*words, "--after", "7") == 0
    assert "key set, version 8," in capsys.readouterr().out
    assert run(*words, "--after", "8") == 2
    assert "exists and is not overwritten" in capsys.readouterr().err
    for wrong in ((), ("--first", "--after", "1")):
        with pytest.raises(SystemExit):
            run(*words, *wrong)


def test_a_previous_set_of_another_root_is_refused(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The wrong stick in the laptop: the file is named, nothing is written."""
    other = make_set(NEW, 1, IAT, [IssuerKey(PINNED, keyset.RESIDENTS)])
    (desk / "keys-1.lks").write_bytes(other)
    assert make(desk, 2) == 2
    assert "keys-1.lks: other_root" in capsys.readouterr().err
    assert not (desk / "keys-2.lks").exists()


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("keys = [", "set.toml: "),
        ("", "set.toml: .*missing required field `keys`"),
        ("[[keys]]", "set.toml: .*missing required field `purposes`"),
        (STAFFS_KEY + "expires = 1", "unknown field `expires`"),
        (STAFFS_KEY + 'state = "stolen"', "Invalid enum value 'stolen'"),
        (STAFFS_KEY.replace('["staff", "technician"]', "[]"), "length >= 1"),
        (STAFFS_KEY.replace('["staff", "technician"]', '["staff", "deposit"]'), "mixed_purposes: key "),
        (STAFFS_KEY.replace('["staff", "technician"]', '["open-all"]'), "Invalid enum value 'open-all'"),
        (STAFFS_KEY + "alg = -7", "Invalid enum value -7"),
        (STAFFS_KEY + 'file = "staff.pem"', r"keys\[0\]: give either public .* or file"),
        (STAFFS_KEY.replace(f'public = "{STAFF.public.hex()}"', ""), r"keys\[0\]: give either public .* or file"),
        (STAFFS_KEY.replace(STAFF.public.hex(), "00" * 32), r"keys\[0\].public: .*small order"),
        (STAFFS_KEY.replace(STAFF.public.hex(), "AB" * 32), "matching regex"),
        (STAFFS_KEY.replace("2020-01-01", "2020-01-01T00:00:00"), r"not_before: write .* with its offset"),
        (STAFFS_KEY.replace("2020-01-01", "00:00:00"), "not_before: write"),
        (STAFFS_KEY.replace("2020-01-01", "true"), "not_before: write"),
        (STAFFS_KEY.replace("2020-01-01", "-1"), "not_before: must not be before 1970"),
        (STAFFS_KEY.replace("2020-01-01", "1969-12-31"), "not_before: must not be before 1970"),
        (STAFFS_KEY.replace("2020-01-01", "2099-01-02"), "not-before must be earlier"),
        (STAFFS_KEY.replace(STAFF.public.hex(), HEX), "root_as_issuer"),
        (STAFFS_KEY + STAFFS_KEY, "equal_kids"),
        ('[[keys]]\nfile = "set.toml"\npurposes = ["staff"]\n' + SPAN, "set.toml: not an unencrypted PKCS #8"),
    ],
)
def test_a_description_that_cannot_be_meant_is_named(
    desk: Path, capsys: pytest.CaptureFixture[str], table: str, why: str
) -> None:
    """Exit code 2, one line on standard error that says where, and no file."""
    describe(desk, table)
    assert make(desk, 1) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1 or table == "keys = ["
    assert re.search(why, err), err
    assert not (desk / "keys-1.lks").exists()


def test_the_example_in_the_help_is_a_description(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What --help prints can be pasted as it is: with the two keys of the steps before it makes a set."""
    with pytest.raises(SystemExit):
        run("make-set", "--help")
    assert set_file.EXAMPLE in capsys.readouterr().out
    describe(desk, set_file.EXAMPLE)
    keyfile.write_new(desk / "staff.pem", STAFF.to_pem(), 0o600)
    assert make(desk, 1) == 0
    assert len(keyset.inspect((desk / "keys-1.lks").read_bytes()).keys) == 2


def test_the_help_leads_a_newcomer_through(capsys: pytest.CaptureFixture[str]) -> None:
    """``locker --help`` points to ``locker keys --help``, which names every step in its order."""
    assert main(["--help"]) == 0
    assert "To run an issuer of your own from a laptop: locker keys --help" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        run("--help")
    out = capsys.readouterr().out
    steps = [
        "keys root",
        "token keygen",
        "set.toml",
        "keys make-set",
        "keys show",
        "keys import",
        "token issue",
        "keys revoke",
    ]
    assert [out.index(f"  {number}  ") for number in range(1, 9)] == sorted(out.index(f"  {n}  ") for n in range(1, 9))
    assert all(step in out for step in steps)
