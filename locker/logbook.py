"""The logbook: the event log read from outside the controller, from its database or from an export.

An export is a text with one row a line. An event's line is, byte for byte, what the cabinet publishes of it:
``{...,"after":41,"hash":"..."}`` (``locker.messages``). A row whose content is not there has a line
``{"seq":41,"hash":"..."}``: the row before the first one of the export, and notes that were emptied; they keep the
chain together. A file of the payloads of ``up/evt`` that a cloud has kept, one a line, repeats included, is read too.

A database is opened for reading only, write-ahead log included, and read in one transaction: it may be in use, the
controller is not held up, and what is read is one moment's truth. Knows files and SQL; what the rows are worth is for
``locker.audit`` to judge.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from locker.audit import Fault, Report, Row, examine
from locker.messages import BYTES_MAX, GENESIS, EventOut, chain_hash, seal_event

DATABASE_HEAD = b"SQLite format 3\0"
SEQ_MAX = 2**53 - 1
_SEQ_LEAST = -(2**63)

_SEALED = re.compile(rb',"after":([0-9]{1,16}),"hash":"([0-9a-f]{64})"\}\Z')
_LINK = re.compile(rb'\{"seq":([0-9]{1,16}),"hash":"([0-9a-f]{64})"\}')
_COLUMNS = "blob, blob, integer"
_ROWS = (
    "SELECT seq, CAST(body AS BLOB), CAST(hash AS BLOB), droppable,"
    " typeof(body) || ', ' || typeof(hash) || ', ' || typeof(droppable)"
    " FROM events WHERE seq BETWEEN ? AND ? ORDER BY seq"
)


class LogbookError(ValueError):
    """The log cannot be read at all; says which file, why and what to do."""


class _Numbered(msgspec.Struct):
    """As much of an event as its place in the log needs."""

    seq: int


_numbered = msgspec.json.Decoder(_Numbered)
_event = msgspec.json.Decoder(EventOut)


@dataclass(slots=True)
class Export:
    """The rows of an export in the order of their numbers, each once, and what was wrong with its lines."""

    rows: list[Row] = field(default_factory=list)
    report: Report = field(default_factory=Report)


class Database:
    """One moment of a database's log. ``epoch`` "" and ``acked`` 0 where it does not say; ``anchor`` None untrimmed."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        meta = dict(db.execute("SELECT key, value FROM meta WHERE key IN ('epoch', 'acked', 'anchor')"))
        self.epoch = str(meta.get("epoch", ""))
        acked = str(meta.get("acked", "0"))
        self.acked = int(acked) if re.fullmatch("[0-9]{1,16}", acked) else 0
        self.anchor = _anchor(str(meta["anchor"])) if meta.get("anchor") else None

    def rows(self) -> Iterator[Row]:
        """The whole log, its anchor first."""
        if self.anchor is not None:
            yield self.anchor
        yield from self.stored(_SEQ_LEAST, -_SEQ_LEAST - 1)

    def stored(self, first: int, last: int) -> Iterator[Row]:
        """The rows between two numbers."""
        for seq, body, row_hash, droppable, columns in self._db.execute(_ROWS, (first, last)):
            yield Row(seq, body or b"", row_hash or b"", flaw=_flaw(columns, body, droppable))

    def lines(self, first: int = 1, last: int = SEQ_MAX) -> Iterator[bytes]:
        """The export of the rows between two numbers, with the hash that they rest on before them."""
        after = 0
        for row in self._with_foothold(first, last):
            if row.body:
                yield seal_event(row.body, after, row.hash) + b"\n"
                after = row.seq
            elif row.hash:
                yield b'{"seq":%d,"hash":"%s"}\n' % (row.seq, row.hash.hex().encode())
                after = self._content_before(row.seq + 1) if row.anchor else after

    def ask(self, query: str) -> Iterator[Any]:
        """The answer to one question in SQL."""
        yield from self._db.execute(query)

    def _with_foothold(self, first: int, last: int) -> Iterator[Row]:
        """The rows, and before them the hash that the first one follows from."""
        if self.anchor is not None and first <= self.anchor.seq + 1:
            yield self.anchor
        for row in self.stored(first - 1, first - 1):
            yield replace(row, body=b"", anchor=True)
        yield from self.stored(first, last)

    def _content_before(self, seq: int) -> int:
        """The number of the last row before this one that has content; the anchor's, or 0, where there is none."""
        query = "SELECT max(seq) FROM events WHERE seq < ? AND length(body) > 0"
        found: int | None = self._db.execute(query, (seq,)).fetchone()[0]
        return found or (self.anchor.seq if self.anchor is not None else 0)


def is_database(path: Path) -> bool:
    """Whether the file is a database. Raises ``OSError``.

    After a power cut its first page may be good in the write-ahead log alone, from which SQLite takes it.
    """
    with path.open("rb") as file:
        return file.read(len(DATABASE_HEAD)) == DATABASE_HEAD or path.with_name(path.name + "-wal").exists()


@contextmanager
def open_database(path: Path) -> Iterator[Database]:
    """Open a database for reading, in use or not. Raises ``LogbookError``."""
    try:
        db = _connect(path)
        try:
            db.execute("BEGIN")
            yield Database(db)
        finally:
            db.close()
    except sqlite3.Error as error:
        advice = "is it a cabinet's database, is its -wal file beside it, may this user write into its folder?"
        raise LogbookError(f"{path}: {error}; {advice}") from None


def _connect(path: Path) -> sqlite3.Connection:
    """Connect for reading only.

    SQLite wants to make its two files beside a database in WAL mode. Where it may not (a copy on a read-only medium),
    and no write-ahead log is there to be read, the file is all there is and is read as it stands.
    """
    try:
        return _connected(path, "mode=ro")
    except sqlite3.OperationalError:
        if path.with_name(path.name + "-wal").exists():
            raise
        return _connected(path, "mode=ro&immutable=1")


def _connected(path: Path, how: str) -> sqlite3.Connection:
    """A connection that has read something, so that what cannot be read is known by now."""
    db = sqlite3.connect(f"{path.resolve().as_uri()}?{how}", uri=True, isolation_level=None, timeout=5)
    try:
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        db.close()
        raise
    return db


def read_export(path: Path) -> Export:
    """Read an export, or a file of published payloads. Raises ``OSError``."""
    export = Export()
    lines: list[tuple[int, Row]] = []
    with path.open("rb") as file:
        for number, line in enumerate(_lines(file), 1):
            row = _row(line)
            if isinstance(row, Row):
                lines.append((number, row))
            elif row:
                export.report.add(0, 0, Fault.UNREADABLE, f"line {number}: {row}")
    _find_disorder(lines, export)
    _choose(lines, export)
    if export.rows and not export.rows[0].body:
        export.rows[0] = replace(export.rows[0], anchor=True)
    return export


def judge(path: Path, witnesses: Mapping[int, bytes]) -> Report:
    """Examine a database or an export. Raises ``LogbookError`` or ``OSError``."""
    if not is_database(path):
        export = read_export(path)
        return examine(export.rows, witnesses=witnesses, report=export.report)
    with open_database(path) as book:
        seen = dict(witnesses)
        if book.acked:
            seen.setdefault(book.acked, b"")
        return examine(book.rows(), epoch=book.epoch, witnesses=seen, report=_about_anchor(book))


def find(path: Path, seq: int) -> Row | None:
    """Return one row of a database or an export, None when it is not there. Raises ``LogbookError`` or ``OSError``."""
    if not is_database(path):
        return next((row for row in read_export(path).rows if row.seq == seq), None)
    with open_database(path) as book:
        return next(book.stored(seq, seq), None)


def last_event(path: Path) -> tuple[str, int] | None:
    """The newest event that can be read: its type and when it was, Unix milliseconds. Raises ``LogbookError``."""
    with open_database(path) as book:
        query = "SELECT body FROM events WHERE length(body) > 0 ORDER BY seq DESC LIMIT 1"
        for (body,) in book.ask(query):
            try:
                event = _event.decode(body)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                return None
            return event.type, event.at_ms
    return None


def rows_behind(path: Path, seq: int) -> list[Row]:
    """Return the rows with numbers above ``seq``, in their order. Raises ``LogbookError`` or ``OSError``."""
    if not is_database(path):
        return sorted((row for row in read_export(path).rows if row.seq > seq), key=lambda row: row.seq)
    with open_database(path) as book:
        return list(book.stored(seq + 1, SEQ_MAX))


def hashes(path: Path) -> dict[int, bytes]:
    """Return the hash of every row of a database or an export. Raises ``LogbookError`` or ``OSError``."""
    if not is_database(path):
        return {row.seq: row.hash for row in read_export(path).rows}
    with open_database(path) as book:
        return {row.seq: row.hash for row in book.rows()}


# --- parts of a database --------------------------------------------------------------------------


def _anchor(text: str) -> Row:
    """The anchor of its text in the meta table: number and hash."""
    found = re.fullmatch("([0-9]{1,16}) ([0-9a-f]{64})", text)
    if found is None:
        return Row(0, b"", GENESIS, anchor=True, flaw="the anchor in the meta table is not a number and a hash")
    return Row(int(found[1]), b"", bytes.fromhex(found[2]), anchor=True)


def _about_anchor(book: Database) -> Report:
    """Begin a report with what the anchor contradicts: only what the cloud has acknowledged is ever trimmed."""
    report = Report()
    if book.anchor is not None and book.anchor.seq > book.acked:
        detail = f"trimmed, but the cloud has acknowledged only up to {book.acked}"
        report.add(book.acked + 1, book.anchor.seq, Fault.TRIMMED, detail)
    return report


def _flaw(columns: str, body: bytes | None, droppable: object) -> str:
    """What is wrong with the form of a database's row; the controller writes it in one form only."""
    if columns != _COLUMNS:
        return f"its columns are {columns}; the controller writes {_COLUMNS}"
    if droppable not in (0, 1) or (not body and droppable):
        return f"droppable is {droppable} {'with' if body else 'without'} content"
    return ""


# --- parts of an export ---------------------------------------------------------------------------


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines without their ends; one that is longer than any event comes in pieces."""
    while line := file.readline(BYTES_MAX + 2):
        yield line.rstrip(b"\r\n")


def _row(line: bytes) -> Row | str:
    """The row of a line, or what is wrong with it; "" for an empty line."""
    if len(line) > BYTES_MAX:
        return f"{len(line)} bytes, at most {BYTES_MAX}"
    if (link := _LINK.fullmatch(line)) and 1 <= int(link[1]) <= SEQ_MAX:
        return Row(int(link[1]), b"", bytes.fromhex(link[2].decode("ascii")))
    sealed = _SEALED.search(line)
    if sealed is None:
        return "neither a published event nor the hash of a row" if line else ""
    body = line[: sealed.start()] + b"}"
    try:
        seq = _numbered.decode(body).seq
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "no event before its seal"
    if not 1 <= seq <= SEQ_MAX:
        return f"its number is {seq}"
    return Row(seq, body, bytes.fromhex(sealed[2].decode("ascii")), after=int(sealed[1]))


def _find_disorder(lines: list[tuple[int, Row]], export: Export) -> None:
    """Rows that stand behind a later one without having come before: published rows never do."""
    newest, seen = 0, set()
    for number, row in lines:
        if row.seq < newest and row.seq not in seen:
            export.report.add(row.seq, row.seq, Fault.ORDER, f"line {number}: it stands behind row {newest}")
        seen.add(row.seq)
        newest = max(newest, row.seq)


def _choose(lines: list[tuple[int, Row]], export: Export) -> None:
    """Sort the rows by number; of several with one number keep the one that its neighbours know."""
    ordered = sorted(lines, key=lambda pair: pair[1].seq)
    groups = [list(group) for _, group in groupby(ordered, key=lambda pair: pair[1].seq)]
    for group, following in pairwise([*groups, []]):
        rivals = _distinct(group)
        before = export.rows[-1].hash if export.rows else GENESIS
        best = max(rivals, key=lambda pair: _known(pair[1], before, [row for _, row in following]))
        export.rows.append(best[1])
        for number, row in rivals:
            if row is not best[1]:
                detail = f"line {number}: a second row of this number, unknown to its neighbours"
                export.report.add(row.seq, row.seq, Fault.INSERTED, detail)


def _distinct(group: list[tuple[int, Row]]) -> list[tuple[int, Row]]:
    """The different rows of one number. A line with the hash alone says nothing new beside a row that has it."""
    found: dict[tuple[bytes, bytes], tuple[int, Row]] = {}
    for number, row in group:
        found.setdefault((row.body, row.hash), (number, row))
    full = {row.hash for _, row in found.values() if row.body}
    return [pair for pair in found.values() if pair[1].body or pair[1].hash not in full]


def _known(row: Row, before: bytes, following: list[Row]) -> int:
    """How many neighbours know a row: the one before by its hash, the one behind by being chained onto it."""
    follows = bool(row.body) and chain_hash(before, row.body) == row.hash
    leads = any(bool(other.body) and chain_hash(row.hash, other.body) == other.hash for other in following)
    return follows + leads
