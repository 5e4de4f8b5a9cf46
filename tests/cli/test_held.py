"""``keys import``, ``token verify`` and ``config check`` beside a cabinet with a pinned root."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from issuer_desk import AUD, HEX, NEW, PINNED, RESIDENT, ROOT, make, run, set_up, token

from locker import clock
from locker.authority.issue_set import make_revocation
from locker.authority.keyset import public_id
from locker.authority.root import edition_of
from locker.cli.main import main
from locker.effects import KeepSigned
from locker.model import Now
from locker.store import Store

ROOTED = f'[authority]\nroot = "{HEX}"\n'
CTI = bytes(16)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """An issuer's desk with version 1 made, and a cabinet that pins its root."""
    desk = set_up(tmp_path)
    assert make(desk, 1) == 0
    configure(desk, ROOTED)
    return desk


def configure(desk: Path, more: str) -> None:
    """Write the cabinet's configuration."""
    desk.joinpath("cabinet.toml").write_text(
        'doors = [{ door = 1, size = "M", side = "left", row = 1, channel = 0 }]\n'
        f'[cabinet]\nid = "{AUD}"\nphone = "12345"\n[[boards]]\nport = "/dev/b"\n[scanner]\nport = "/dev/s"\n'
        f'[store]\npath = "{desk / "cabinet" / "locker.db"}"\n{more}',
        encoding="utf-8",
    )


def bring(desk: Path, name: str, *more: str) -> int:
    """Import a file as the technician does."""
    return run("import", desk / name, "--config", desk / "cabinet.toml", *more)


def store(desk: Path, kind: str, raw: bytes) -> None:
    """What a controller does that has accepted a document, version 1."""
    with closing(Store.at(desk / "cabinet" / "locker.db", "boot", "epoch")) as database:
        database.commit([KeepSigned(kind, 1, edition_of(1, raw).digest, raw)], Now(0, 0))


def verify(desk: Path, text: str) -> int:
    """Ask whether the cabinet would take a token."""
    return main(["token", "verify", text, "--config", str(desk / "cabinet.toml")])


def test_import_takes_the_root_from_the_configuration(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No digits to type; others on the command line are a mistake, and the same are not."""
    assert bring(desk, "keys-1.lks") == 0
    assert (desk / "cabinet" / "keys.lks").read_bytes() == (desk / "keys-1.lks").read_bytes()
    assert bring(desk, "keys-1.lks", "--root", HEX) == 0
    assert bring(desk, "keys-1.lks", "--root", NEW.public.hex()) == 2
    assert "leave it out" in capsys.readouterr().err


def test_import_goes_to_the_folder_of_the_configuration(desk: Path) -> None:
    """``authority.folder`` is where the controller looks."""
    (desk / "inbox").mkdir()
    configure(desk, ROOTED + f'folder = "{desk / "inbox"}"\n')
    assert bring(desk, "keys-1.lks") == 0
    assert [path.name for path in (desk / "inbox").iterdir()] == ["keys.lks"]


def test_import_without_any_root_says_where_it_belongs(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A cabinet on [[keys]] would never look at the file: refused without --root, warned with it."""
    configure(desk, "")
    assert bring(desk, "keys-1.lks") == 2
    assert "has no [authority] root; put it there" in capsys.readouterr().err
    assert bring(desk, "keys-1.lks", "--root", HEX) == 0
    assert "will not look at this" in capsys.readouterr().err
    assert run("import", desk / "keys-1.lks", "--to", desk / "cabinet") == 2
    assert "--to needs --root" in capsys.readouterr().err


@pytest.mark.parametrize("way", ["inbox", "stored"])
def test_verify_judges_by_the_set_that_the_cabinet_has(
    desk: Path, capsys: pytest.CaptureFixture[str], way: str
) -> None:
    """Without a set: unknown key; with one, stored or waiting in the inbox: ok; on the list: revoked."""
    text = token(RESIDENT, CTI)
    assert verify(desk, text) == 1
    assert "refused: unknown_key" in capsys.readouterr().out
    revoked = make_revocation(ROOT, 1, clock.wall_s(), {CTI: clock.wall_s() + 3600})
    (desk / "revoked-1.lkr").write_bytes(revoked)
    for kind, name, said in (("keys", "keys-1.lks", "ok"), ("revoked", "revoked-1.lkr", "refused: revoked")):
        if way == "inbox":
            assert bring(desk, name) == 0
        else:
            store(desk, kind, (desk / name).read_bytes())
        capsys.readouterr()
        verify(desk, text)
        assert capsys.readouterr().out.startswith(said)


def test_check_shows_the_root_and_which_set(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The root's id; none yet; stored; a newer one in the inbox; and a stored one of another root is a warning."""
    check = ["config", "check", str(desk / "cabinet.toml")]
    assert main(check) == 0
    assert "none yet: every token will be refused" in capsys.readouterr().out
    raw = (desk / "keys-1.lks").read_bytes()
    store(desk, "keys", raw)
    store(desk, "revoked", make_revocation(ROOT, 1, clock.wall_s(), {CTI: clock.wall_s() + 3600}))
    assert main(check) == 0
    out = capsys.readouterr().out
    assert public_id(PINNED) in out
    assert "version 1 (stored): " in out
    assert "version 1 (stored): 1 tokens" in out
    assert make(desk, 2) == 0
    assert bring(desk, "keys-2.lks") == 0
    assert main(check) == 0
    assert "version 2 (inbox): " in capsys.readouterr().out
    configure(desk, ROOTED.replace(HEX, NEW.public.hex()))
    assert main(check) == 0
    assert 'the stored "keys" is another root\'s' in capsys.readouterr().out


def test_an_inbox_file_that_is_refused_is_not_believed(desk: Path) -> None:
    """A damaged file beside a good stored set changes nothing."""
    store(desk, "keys", (desk / "keys-1.lks").read_bytes())
    (desk / "cabinet" / "keys.lks").write_bytes((desk / "keys-1.lks").read_bytes()[:-1])
    assert verify(desk, token(RESIDENT)) == 0


def test_a_root_that_is_no_key_is_told_in_one_line(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """64 zeros: by every command that needs the root."""
    configure(desk, ROOTED.replace(HEX, "0" * 64))
    assert bring(desk, "keys-1.lks") == 2
    assert "authority.root" in capsys.readouterr().err
    assert verify(desk, token(RESIDENT)) == 2
    assert "authority.root" in capsys.readouterr().err


def test_a_database_of_an_older_program_has_no_set(desk: Path) -> None:
    """The table is not there yet; that is no error."""
    store(desk, "keys", (desk / "keys-1.lks").read_bytes())
    with closing(sqlite3.connect(desk / "cabinet" / "locker.db")) as database:
        database.execute("DROP TABLE signed")
    assert verify(desk, token(RESIDENT)) == 1
