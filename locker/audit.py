"""The audit: whether the rows of an event log are the ones that the cabinet wrote, and which are not.

Every row's hash is SHA-256 over the hash of the row before and its own body (``locker.messages``). So a row that was
altered, removed, exchanged or put in contradicts its neighbours, and the neighbours say which one it was: if the next
row was chained onto the hash that stands here, the content is wrong; if it was chained onto the hash that the content
gives, the hash is. Only where a row was given another content *and* the hash that fits it, the break shows at the next
row; the finding there names both possibilities.

Two kinds of rows have a hash and no content, and both are legitimate: the *anchor*, the last row that was trimmed after
the cloud had it, and notes that were *emptied* when the log was full. The latter must be accounted for by a later
``log_trimmed`` event, which says how many were emptied between which numbers.

What a chain without a witness cannot show: that its end was cut off, that its beginning was cut off behind a forged
anchor, and that all of it was computed anew, because no key is in it. A witness is a row's number and hash from
elsewhere: the cloud's copy, a receipt, an earlier export. It proves every row up to its own.

Knows rows, not files. Keeps nothing of what rows say but numbers and epochs, so that a report names no person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise

import msgspec

from locker.authority.receipt import Receipt
from locker.messages import GENESIS, EventOut, chain_hash

FINDINGS_MAX = 100
"""So many findings are kept word for word; more are counted."""
HASH_BYTES = 32
Span = tuple[int, int]
"""First and last of consecutive numbers."""


class Fault(Enum):
    """What can be wrong with a row."""

    MISSING = "missing"
    ALTERED = "altered"
    HASH = "hash_altered"
    EITHER = "altered_or_hash"
    FOREIGN = "foreign"
    SWAPPED = "swapped"
    EMPTIED = "emptied"
    COUNT = "count"
    AFTER = "after"
    FORM = "form"
    EPOCH = "epoch"
    TRIMMED = "trimmed"
    END = "end_missing"
    WITNESS = "witness"
    ORDER = "order"
    INSERTED = "inserted"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was found. An empty ``body`` means that only its hash is known.

    ``after`` is what a published row says of the one before it, None in a database. ``anchor`` marks the row that the
    log rests on and does not contain. ``flaw`` is what is wrong with its form.
    """

    seq: int
    body: bytes
    hash: bytes
    after: int | None = None
    anchor: bool = False
    flaw: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Rows ``first`` to ``last`` are not as they were written; ``detail`` says why, in words, without their content."""

    first: int
    last: int
    fault: Fault
    detail: str


@dataclass(slots=True)
class Report:
    """What an examination found. ``good`` means: each row from ``first`` to ``last`` is proven or emptied as announced.

    ``first`` is the first row with content, 0 for none; ``begins`` the number whose hash everything rests on: 0, or the
    anchor's. ``unproven`` rows contradict nothing, but what they should follow from is gone.
    """

    begins: int = 0
    first: int = 0
    last: int = 0
    head: bytes = GENESIS
    epoch: str = ""
    events: int = 0
    emptied: int = 0
    findings: list[Finding] = field(default_factory=list)
    more: int = 0
    proven: list[Span] = field(default_factory=list)
    unproven: list[Span] = field(default_factory=list)
    unjudged: list[int] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether everything is as it was written, as far as a chain can show."""
        return not self.findings and not self.unproven

    def add(self, first: int, last: int, fault: Fault, detail: str) -> None:
        """One more finding; past the limit it is only counted."""
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(first, last, fault, detail))
        else:
            self.more += 1


class Examiner:
    """Walks along the rows of one log in the order of their numbers, each with the one after it in sight."""

    def __init__(self, report: Report, witnesses: Mapping[int, bytes]) -> None:
        """``witnesses`` are hashes, or their first bytes, that rows are known to have had."""
        self.report = report
        self._witnesses = witnesses
        self._seq: int | None = None
        self._content_seq: int | None = None
        self._hash: bytes | None = GENESIS
        self._trust = _PROVEN
        self._gone: list[Span] = []
        self._emptied: list[Span] = []
        self._claims: list[tuple[int, Span]] = []
        self._trimmed: list[tuple[int, int, int]] = []
        self._holds: dict[int, int] = {}
        self._epochs: dict[str, tuple[int, int]] = {}

    def take(self, row: Row, following: Row | None) -> None:
        """Judge one row."""
        if row.seq < 1:
            self.report.add(row.seq, row.seq, Fault.FORM, row.flaw or "a cabinet's numbers begin at 1")
            return
        if self._seq is not None and row.seq <= self._seq:
            self.report.add(row.seq, row.seq, Fault.INSERTED, f"the log rests on row {self._seq}; this is before it")
            return
        if row.flaw:
            self.report.add(row.seq, row.seq, Fault.FORM, row.flaw)
        elif len(row.hash) != HASH_BYTES:
            self.report.add(row.seq, row.seq, Fault.FORM, f"its hash has {len(row.hash)} bytes, not {HASH_BYTES}")
        self._step_to(row)
        self._judge_after(row)
        if row.body:
            self._judge(row, following)
            self._content_seq = row.seq
            self.report.first = self.report.first or row.seq
        else:
            self._keep(row)
        self._compare(row)
        self._seq = self.report.last = row.seq
        self.report.head = row.hash

    def finish(self, epoch: str) -> Report:
        """Account for what has no content, and say what only the whole shows. ``epoch`` "" is not compared."""
        self._account()
        self._name_swaps()
        self._judge_epochs(epoch)
        last = self._seq or 0
        for seq in sorted(self._witnesses):
            if seq > last:
                self.report.add(last + 1, seq, Fault.END, f"the log ends at {last}, but row {seq} has existed")
            elif seq < self.report.begins:
                self.report.unjudged.append(seq)
        self.report.findings.sort(key=lambda finding: (finding.first, finding.last))
        return self.report

    # --- one row ----------------------------------------------------------------------------------

    def _step_to(self, row: Row) -> None:
        """From the row before to this one: what lies between is missing, or is said to have been let go."""
        before = self._seq
        if before is None and (row.anchor or row.seq == 1):
            return
        if before is None:
            why = "the log begins with neither row 1 nor the hash of the row before its first"
            self.report.add(1, row.seq - 1, Fault.MISSING, why)
        elif row.seq > before + 1:
            sure = row.seq - 1 if row.after is None else min(max(before, row.after), row.seq - 1)
            if sure > before:
                self.report.add(before + 1, sure, Fault.MISSING, f"the next row that is there is {row.seq}")
            if sure < row.seq - 1:
                _extend(self._gone, sure + 1, row.seq - 1)
        else:
            return
        self._hash, self._trust = None, _DOUBTFUL

    def _judge_after(self, row: Row) -> None:
        """What a published row says of the one before it is not hashed, so it is compared with what is there."""
        if row.after is None or not row.body:
            return
        before, content = self._seq or 0, self._content_seq
        if row.after >= row.seq:
            self.report.add(row.seq, row.seq, Fault.AFTER, f"it says that it follows row {row.after}")
        elif content is not None and row.after < content:
            self._claims.append((row.seq, (row.after + 1, content)))
        elif content is not None and content < row.after <= before:
            detail = f"it says that row {row.after} was published, which has no content here"
            self.report.add(row.seq, row.seq, Fault.AFTER, detail)

    def _keep(self, row: Row) -> None:
        """A row of which only the hash is known."""
        if row.anchor:
            self.report.begins = row.seq
        else:
            self.report.emptied += 1
            _extend(self._emptied, row.seq, row.seq)
        self._hash, self._trust = row.hash, f"the hash kept of row {row.seq}"

    def _judge(self, row: Row, following: Row | None) -> None:
        """A row with content: does it follow from the row before, and is it the event that belongs here?"""
        self.report.events += 1
        event = _event(row.body)
        given = None if self._hash is None else chain_hash(self._hash, row.body)
        if event is None or event.seq != row.seq:
            self._hash, self._trust = self._blame_foreign(row, event, given, following)
        elif given == row.hash:
            _extend(self.report.proven, row.seq, row.seq)
            self._note(event)
            self._hash, self._trust = row.hash, _PROVEN
        elif given is None or self._trust == _DOUBTFUL:
            _extend(self.report.unproven, row.seq, row.seq)
            self._hash, self._trust = row.hash, f"the hash of row {row.seq}"
        else:
            self._hash, self._trust = self._blame(row, given, following)

    def _blame_foreign(
        self, row: Row, event: EventOut | None, given: bytes | None, following: Row | None
    ) -> tuple[bytes, str]:
        """A row whose content is no event, or another row's. Returns the hash to go on from and what it is worth."""
        what = "its content is no event"
        if event is not None:
            self._holds[row.seq] = event.seq
            what = f"it holds event {event.seq}"
        anew = ", yet its hash fits: the chain was computed anew" if given == row.hash else ""
        self.report.add(row.seq, row.seq, Fault.ALTERED if event is None else Fault.FOREIGN, what + anew)
        return row.hash, _PROVEN if _follows(row.hash, row, following) else _DOUBTFUL

    def _blame(self, row: Row, given: bytes, following: Row | None) -> tuple[bytes, str]:
        """A row that does not follow from the one before; the next one says what of it is wrong."""
        if _follows(given, row, following):
            self.report.add(row.seq, row.seq, Fault.HASH, "its content is right, its hash is not")
            return given, _PROVEN
        other = f"; or rows up to {row.seq - 1} were written anew" if row.seq > 1 else ""
        other = other if self._trust == _PROVEN else f"; or {self._trust} was altered"
        if _follows(row.hash, row, following):
            detail = f"its content does not give the hash onto which the next row was chained{other}"
            self.report.add(row.seq, row.seq, Fault.ALTERED, detail)
            return row.hash, _PROVEN
        detail = f"its content does not give its hash, and no next row tells which of them is wrong{other}"
        self.report.add(row.seq, row.seq, Fault.EITHER, detail)
        return row.hash, _DOUBTFUL

    def _note(self, event: EventOut) -> None:
        """What the whole needs of a proven event: its epoch, and what it says was emptied."""
        begin, before = self._epochs.get(event.epoch, (event.seq, 0))
        self._epochs[event.epoch] = (begin, before + 1)
        if event.type == "log_trimmed":
            first, last, count = (event.data.get(key) for key in ("first", "last", "count"))
            if type(first) is int and type(last) is int and type(count) is int and last < event.seq:
                self._trimmed.append((first, last, count))

    def _compare(self, row: Row) -> None:
        """Against a hash from elsewhere."""
        known = self._witnesses.get(row.seq)
        if known and not row.hash.startswith(known):
            detail = f"its hash is {row.hash[:8].hex()}..., known from elsewhere is {known[:8].hex()}..."
            self.report.add(row.seq, row.seq, Fault.WITNESS, detail)

    # --- the whole --------------------------------------------------------------------------------

    def _account(self) -> None:
        """Each row without content must be one of those that a later event says were let go."""
        ranges = [(first, last) for first, last, _ in self._trimmed]
        for first, last in _outside(self._emptied, ranges):
            why = "content gone, and no log_trimmed event names it in what is there of the log"
            self.report.add(first, last, Fault.EMPTIED, why)
        for first, last in _outside(self._gone, ranges):
            self.report.add(first, last, Fault.MISSING, "said to be let go, but no log_trimmed event names it")
        for seq, claim in self._claims:
            if list(_outside([claim], ranges)):
                detail = f"it says that rows {claim[0]} to {claim[1]} were let go, but they are here"
                self.report.add(seq, seq, Fault.AFTER, detail)
        for first, last, count in self._trimmed:
            found = _overlap(self._emptied, first, last) + _overlap(self._gone, first, last)
            if found > count:
                detail = f"{found} of them have no content, the log_trimmed event says {count}"
                self.report.add(first, last, Fault.COUNT, detail)

    def _name_swaps(self) -> None:
        """Two rows that hold each other's events were exchanged."""
        swapped = {row for row, event in self._holds.items() if self._holds.get(event) == row}
        for index, found in enumerate(self.report.findings):
            if found.fault is Fault.FOREIGN and found.first in swapped:
                detail = f"exchanged with row {self._holds[found.first]}"
                self.report.findings[index] = Finding(found.first, found.last, Fault.SWAPPED, detail)

    def _judge_epochs(self, epoch: str) -> None:
        """All events of a log are of one database."""
        ranked = sorted(self._epochs, key=lambda name: self._epochs[name][1], reverse=True)
        self.report.epoch = ranked[0] if ranked else epoch
        if epoch and ranked and ranked[0] != epoch:
            detail = f"the database says epoch {epoch!a}, its events say {ranked[0]!a}"
            self.report.add(self._epochs[ranked[0]][0], self.report.last, Fault.EPOCH, detail)
        for name in ranked[1:]:
            first, count = self._epochs[name]
            self.report.add(first, first, Fault.EPOCH, f"{count} from here on are of another epoch, {name!a}")


_PROVEN, _DOUBTFUL = "proven", "doubtful"
_decoder = msgspec.json.Decoder(EventOut)


def examine(
    rows: Iterable[Row], *, epoch: str = "", witnesses: Mapping[int, bytes] | None = None, report: Report | None = None
) -> Report:
    """Judge a log's rows, given in the order of their numbers, each number once.

    ``epoch`` is what the database calls itself, "" where nothing does. ``witnesses`` maps numbers to hashes known from
    elsewhere, or to their first bytes; an empty one says only that the row has existed. ``report`` is one begun
    already, with what was found while reading.
    """
    examiner = Examiner(report or Report(), witnesses or {})
    for row, following in pairwise(_with_end(rows)):
        assert row is not None
        examiner.take(row, following)
    return examiner.finish(epoch)


def disagreements(receipt: Receipt, row: Row) -> list[str]:
    """Return in what a log's row contradicts a receipt that names it, in words without the order; empty for nothing."""
    event = _event(row.body)
    if event is None:
        return ["content: it is gone" if not row.body else "content: it is no event"]
    pairs = {
        "epoch": (receipt.epoch, event.epoch),
        "sequence": (receipt.seq, event.seq),
        "hash": (receipt.log_hash.hex(), row.hash[: len(receipt.log_hash)].hex()),
        "door": (receipt.door, event.door),
        "time": (receipt.at_s, event.at_ms // 1000),
        "quality": (receipt.quality.value, event.quality.value),
    }
    found = [f"{name}: the receipt says {a}, the log {b}" for name, (a, b) in pairs.items() if a != b]
    return found + (["order: the log has another one"] if event.data.get("order") != receipt.order.hex() else [])


def _follows(row_hash: bytes, row: Row, following: Row | None) -> bool:
    """Whether the next row has content and was chained onto this hash of the row."""
    if following is None or not following.body or following.seq != row.seq + 1:
        return False
    return chain_hash(row_hash, following.body) == following.hash


def _event(body: bytes) -> EventOut | None:
    """Return the event of a body, None when it is none."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _with_end(rows: Iterable[Row]) -> Iterable[Row | None]:
    """Return the rows and then None."""
    yield from rows
    yield None


def _extend(spans: list[Span], first: int, last: int) -> None:
    """Add numbers behind the last span, or to it."""
    if spans and spans[-1][1] == first - 1:
        spans[-1] = (spans[-1][0], last)
    else:
        spans.append((first, last))


def _overlap(spans: list[Span], first: int, last: int) -> int:
    """Return how many numbers of the spans lie between ``first`` and ``last``."""
    return sum(max(0, min(end, last) - max(start, first) + 1) for start, end in spans)


def _outside(spans: Iterable[Span], ranges: list[Span]) -> list[Span]:
    """Return the parts of the spans that lie in none of the ranges."""
    left = list(spans)
    for first, last in ranges:
        cut = [((start, min(end, first - 1)), (max(start, last + 1), end)) for start, end in left]
        left = [span for pair in cut for span in pair if span[0] <= span[1]]
    return left
