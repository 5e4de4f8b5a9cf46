"""The description of a key set: a TOML file that people edit, as the keys that ``locker keys make-set`` signs.

Knows the file's words and how people write moments. Must never know the root key, a version or the time.
"""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from locker.authority.cose import EDDSA
from locker.authority.ed25519 import KeyError25519, PublicKey
from locker.authority.keys import IssuerKey, KeyState
from locker.cli import keyfile
from locker.model import Purpose

EXAMPLE = """\
[[keys]]                                  # one table a key; leave none out that was in the set before
file = "residents.pem"                    # beside this file; or: public = "64 hexadecimal digits"
purposes = ["deposit", "collect"]         # residents; never together with staff, technician
state = "active"                          # next: delivered, not used yet; retired: its tokens are refused
not_before = 2026-01-01                   # a date begins at 00:00 UTC (08:00 in China)
not_after = 2027-03-01T00:00:00+08:00     # later than the exp of its last token (collect lives up to 60 days)

[[keys]]
file = "staff.pem"
purposes = ["staff", "technician"]
not_before = 2026-01-01
not_after = 2027-03-01
alg = -8                                  # optional: -8 (default) or -19, as the issuer writes it
# cutoff = 2026-02-03T12:00:00+08:00      # optional: tokens of this key issued before this are dead
"""


class SetFileError(ValueError):
    """The description cannot be used; says which file and key, and what is allowed."""


class _Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One ``[[keys]]`` table, as it stands in the file."""

    purposes: Annotated[list[Literal["deposit", "collect", "staff", "technician"]], Meta(min_length=1)]
    not_before: Any
    not_after: Any
    public: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")] | None = None
    file: str | None = None
    state: Literal["next", "active", "retired"] = "active"
    cutoff: Any = 0
    alg: Literal[-8, -19] = EDDSA  # type: ignore[assignment]


class _Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    keys: list[_Key]


def load(path: Path) -> list[IssuerKey]:
    """Return the keys that a file describes. Raises ``SetFileError``, or ``OSError`` where it cannot be read."""
    try:
        described = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _Description)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as wrong:
        raise SetFileError(f"{path}: {wrong}; `locker keys make-set --help` shows an example") from None
    return [_issuer_key(key, f"{path}: keys[{index}]", path.parent) for index, key in enumerate(described.keys)]


def moment(value: object, where: str) -> int:
    """Return Unix seconds of a date, of a date and time with an offset, or of seconds. Raises ``SetFileError``."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        seconds = int(value.timestamp())
    elif isinstance(value, date) and not isinstance(value, datetime):
        seconds = int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp())
    elif type(value) is int:
        seconds = value
    else:
        raise SetFileError(f"{where}: write 2026-03-01, or 2026-03-01T09:00:00+08:00 with its offset, or Unix seconds")
    if seconds < 0:
        raise SetFileError(f"{where}: must not be before 1970")
    return seconds


def _issuer_key(key: _Key, where: str, folder: Path) -> IssuerKey:
    return IssuerKey(
        public=_public(key, where, folder),
        purposes=frozenset(Purpose[name.upper()] for name in key.purposes),
        alg=key.alg,
        state=KeyState[key.state.upper()],
        not_before=moment(key.not_before, f"{where}.not_before"),
        not_after=moment(key.not_after, f"{where}.not_after"),
        cutoff_iat=moment(key.cutoff, f"{where}.cutoff"),
    )


def _public(key: _Key, where: str, folder: Path) -> PublicKey:
    """Return the key itself, or the public half of the private key in the file that is named."""
    if (key.public is None) == (key.file is None):
        raise SetFileError(f"{where}: give either public (64 hexadecimal digits) or file (a private key's), not both")
    if key.file is not None:
        return PublicKey(keyfile.read(folder / key.file, "locker token keygen").public)
    try:
        return PublicKey(bytes.fromhex(key.public or ""))
    except KeyError25519 as wrong:
        raise SetFileError(f"{where}.public: {wrong}") from None
