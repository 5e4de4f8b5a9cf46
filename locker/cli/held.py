"""What the controller of a cabinet believes, seen from beside it: its stored documents, and what lies in its inbox.

Knows where a configuration says that these are. Reads only, believes nothing that the pinned root did not sign, and a
database in use is not held up. What lies in the inbox counts as the controller will count it, a moment from now.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from locker.authority.root import BYTES_MAX, DocumentRefused
from locker.config import Authority, Config, inbox_folder
from locker.store import read_signed
from locker.trust import KEYS, REVOKED, Trust

FILES = {KEYS: "keys.lks", REVOKED: "revoked.lkr"}
"""What the controller looks for in its inbox."""


@dataclass(frozen=True, slots=True)
class Held:
    """The trust of a cabinet; ``sources`` says of each kind in force whether it is "stored" or in the "inbox"."""

    trust: Trust
    sources: dict[str, str]


def held_by(config: Config, authority: Authority) -> Held:
    """What a cabinet with this ``[authority]`` holds. Raises ``TrustError``, ``StoreError`` or ``OSError``."""
    stored = read_signed(Path(config.store.path))
    trust = Trust(authority.root, config.cabinet.id, stored)
    sources = {row.kind: "stored" for row in stored if row.kind not in trust.other_root}
    for kind, name in FILES.items():
        raw = _read(inbox_folder(config) / name)
        found = None if raw is None else trust.offer(kind, raw)
        if found is not None and not isinstance(found, DocumentRefused):
            sources[kind] = "inbox"
    return Held(trust, sources)


def _read(path: Path) -> bytes | None:
    """A file's bytes, one more than any document's at most; None where there is no file."""
    try:
        with path.open("rb") as file:
            return file.read(BYTES_MAX + 1)
    except FileNotFoundError:
        return None
