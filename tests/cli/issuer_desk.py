"""An issuer's desk for the tests: a root key, a description of a set, the commands, a cabinet's folder beside them."""

from __future__ import annotations

from pathlib import Path

from locker import clock
from locker.authority import keyset
from locker.authority.ed25519 import PrivateKey, PublicKey
from locker.authority.issue import issue
from locker.authority.keys import KeyRing
from locker.authority.keyset import KeySet
from locker.authority.token import Authority, Refused
from locker.cli import keyfile
from locker.cli.main import main
from locker.model import Purpose, Refusal

ROOT, RESIDENT, STAFF, NEW = (PrivateKey(bytes([number]) * 32) for number in (1, 2, 3, 4))
PINNED = PublicKey(ROOT.public)
HEX = ROOT.public.hex()
AUD = "sjz-gate-1"
IAT = 1_750_000_000

SPAN = "not_before = 2020-01-01\nnot_after = 2099-01-01\n"
RESIDENTS_KEY = f'[[keys]]\nfile = "residents.pem"\npurposes = ["deposit", "collect"]\n{SPAN}'
STAFFS_KEY = f'[[keys]]\npublic = "{STAFF.public.hex()}"\npurposes = ["staff", "technician"]\n{SPAN}'
NEW_KEY = f'[[keys]]\npublic = "{NEW.public.hex()}"\npurposes = ["deposit", "collect"]\n{SPAN}'


def set_up(folder: Path) -> Path:
    """Make a folder an issuer's desk: the root key, the residents' key, a description of two keys, and a cabinet."""
    keyfile.write_new(folder / "root.pem", ROOT.to_pem(), 0o600)
    keyfile.write_new(folder / "residents.pem", RESIDENT.to_pem(), 0o600)
    describe(folder, RESIDENTS_KEY, STAFFS_KEY)
    (folder / "cabinet").mkdir()
    return folder


def describe(desk: Path, *tables: str) -> None:
    """Write the description of a set."""
    (desk / "set.toml").write_text("\n".join(tables), encoding="utf-8")


def run(*words: str | Path) -> int:
    """Run ``locker keys`` with these words."""
    return main(["keys", *map(str, words)])


def make(desk: Path, version: int, *more: str) -> int:
    """Make the set of this version out of ``set.toml``, after the one before."""
    before = ("--previous", desk / f"keys-{version - 1}.lks") if version > 1 else ("--first",)
    out = ("--out", desk / f"keys-{version}.lks")
    return run("make-set", desk / "set.toml", "--root-key", desk / "root.pem", *before, *out, *more)


def bring(desk: Path, name: str) -> int:
    """Import a file of the desk into the cabinet's folder."""
    return run("import", desk / name, "--root", HEX, "--to", desk / "cabinet")


def in_force(desk: Path) -> KeySet:
    """Return the set that the cabinet's folder has."""
    found = keyset.verify((desk / "cabinet" / "keys.lks").read_bytes(), PINNED)
    assert isinstance(found, KeySet)
    return found


def token(key: PrivateKey, cti: bytes = bytes(16), iat: int = 0, life_s: int = 3600) -> str:
    """Return a collect token of this key, issued now if no time is given."""
    iat = iat or clock.wall_s()
    fields = {"key": key, "aud": AUD, "purpose": Purpose.COLLECT, "order": b"o"}
    return issue(**fields, iat=iat, exp=iat + life_s, cti=cti)  # type: ignore[arg-type]


def answer(found: KeySet, key: PrivateKey) -> Refusal | None:
    """Return what a cabinet with this set says of a new token of this key, None for yes."""
    verdict = Authority(KeyRing.from_keyset(found), AUD).verify(token(key).encode(), clock.now())
    return verdict.reason if isinstance(verdict, Refused) else None
