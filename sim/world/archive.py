"""The disk image, read from outside by plain SQL over a connection of its own, that can only read.

What stands here was committed: a transaction that is under way cannot be seen. Written from the tables of docs/mqtt.md
and of the database itself; must never use the store's code.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One event row as it was found on the disk at world time ``ms``."""

    ms: int
    seq: int
    kind: str
    door: int
    at_ms: int
    boot_ms: int
    data: dict[str, Any]
    body: bytes
    hash: bytes
    quality: str = ""

    @property
    def cti(self) -> str:
        """The token's id in the row, empty for none."""
        return str(self.data.get("cti", ""))


class Archive:
    """The database of a world, opened for reading. ``seq`` is the last row that was read."""

    def __init__(self, path: Path) -> None:
        """Nothing is opened before the file is there."""
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._version, self._doors = -1, dict[int, tuple[str, str, str, bool]]()
        self.seq = 0

    def rows(self, ms: int) -> list[Row]:
        """The rows that have been committed since the last call."""
        found = self._ask("SELECT seq, body, hash FROM events WHERE seq > ? ORDER BY seq", self.seq)
        rows = []
        for seq, body, chained in found:
            event: dict[str, Any] = (
                json.loads(body) if body else {"type": "", "door": 0, "at_ms": 0, "boot_ms": 0, "data": {}}
            )
            times = event["at_ms"], event["boot_ms"]
            rows.append(
                Row(
                    ms,
                    seq,
                    event["type"],
                    event["door"],
                    *times,
                    event["data"],
                    body,
                    chained,
                    event.get("quality", ""),
                )
            )
        self.seq = found[-1][0] if found else self.seq
        return rows

    def last(self) -> int:
        """The number of the newest row on the disk, 0 for none."""
        return int(self._ask("SELECT max(seq) FROM events")[0][0] or 0)

    def count(self) -> int:
        """How many rows with content there are."""
        return int(self._ask("SELECT count(*) FROM events WHERE length(body) > 0")[0][0])

    def emptied(self, first: int, last: int) -> list[int]:
        """The rows without content between two numbers."""
        return [
            row[0] for row in self._ask("SELECT seq FROM events WHERE seq BETWEEN ? AND ? AND body = X''", first, last)
        ]

    def token(self, cti: str) -> tuple[int, bool] | None:
        """The door a token is bound to and whether it is spent; None for one that was never claimed."""
        found = self._ask("SELECT door, spent FROM tokens WHERE cti = ?", bytes.fromhex(cti))
        return (int(found[0][0]), bool(found[0][1])) if found else None

    def claimed(self) -> list[tuple[str, int]]:
        """Every token that is claimed and not spent: its id and its door."""
        return [(cti.hex(), door) for cti, door in self._ask("SELECT cti, door FROM tokens WHERE NOT spent")]

    def spent(self) -> set[str]:
        """The ids of the tokens that are spent."""
        return {cti.hex() for (cti,) in self._ask("SELECT cti FROM tokens WHERE spent")}

    def has_command(self, name: str) -> bool:
        """Whether a command's id is remembered."""
        return bool(self._ask("SELECT 1 FROM commands WHERE id = ?", name))

    def doors(self) -> dict[int, tuple[str, str, str, bool]]:
        """Each door's state, custody, order (plain text) and whether it is in service; asked anew after a commit."""
        version = self._ask("PRAGMA data_version")[0][0]
        if version != self._version:
            found = self._ask("SELECT door, state, custody, item, in_service FROM compartments ORDER BY door")
            self._doors = {d: (state, custody, item.decode(), bool(at)) for d, state, custody, item, at in found}
            self._version = version
        return self._doors

    def counts(self) -> dict[str, int]:
        """How many rows the tables of tokens and commands have."""
        return {name: int(self._ask(f"SELECT count(*) FROM {name}")[0][0]) for name in ("tokens", "commands")}

    def acked(self) -> int:
        """Up to where the disk knows the cloud to have stored events."""
        found = self._ask("SELECT value FROM meta WHERE key = 'acked'")
        return int(found[0][0]) if found else 0

    def close(self) -> None:
        """Let go of the file."""
        if self._db is not None:
            self._db.close()
            self._db, self._version = None, -1

    def _ask(self, sql: str, *values: Any) -> list[Any]:
        if self._db is None:
            self._db = sqlite3.connect(f"{self._path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
        return self._db.execute(sql, values).fetchall()
