"""The log as a text: what is published, line by line, and each way to tamper with it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from logs import STORY, export, tamper, write, write_emptied, write_trimmed

from locker.audit import Fault, Report, Row, examine
from locker.logbook import DATABASE_HEAD, LogbookError, find, hashes, judge, open_database, read_export
from locker.messages import GENESIS, chain_hash, seal_event

Lines = list[bytes]
Found = list[tuple[int, int, Fault]]


def found(report: Report) -> Found:
    """Where what was found."""
    return [(finding.first, finding.last, finding.fault) for finding in report.findings]


def judged(tmp_path: Path, lines: Lines, witnesses: dict[int, bytes] | None = None) -> Report:
    """The report on these lines."""
    path = tmp_path / "export.jsonl"
    path.write_bytes(b"".join(lines))
    return judge(path, witnesses or {})


@pytest.fixture
def lines(tmp_path: Path) -> Lines:
    """The export of the twelve events."""
    return export(write(tmp_path / "locker.db"))


def test_a_line_is_what_is_published_byte_for_byte(tmp_path: Path) -> None:
    """Each is the stored body sealed as the outbox seals it, and the chain follows from the lines as documented."""
    path = write(tmp_path / "locker.db")
    with open_database(path) as book:
        rows = list(book.rows())
    assert export(path) == [seal_event(row.body, row.seq - 1, row.hash) + b"\n" for row in rows]
    previous = GENESIS
    for line in export(path):
        body = line[: line.rindex(b',"after":')] + b"}"
        previous = chain_hash(previous, body)
        assert json.loads(line)["hash"] == previous.hex()


@pytest.mark.parametrize("make", [write, write_trimmed, write_emptied])
def test_an_export_is_as_good_as_its_database(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    """Whole, trimmed or with emptied notes: it proves the same rows from the same beginning."""
    path = make(tmp_path / "locker.db")
    here, there = judge(path, {}), judged(tmp_path, export(path))
    assert here.good
    assert there.good, there.findings
    assert (here.proven, here.begins, here.head, here.epoch) == (there.proven, there.begins, there.head, there.epoch)
    assert hashes(path) == hashes(tmp_path / "export.jsonl")


@pytest.mark.parametrize("make", [write_trimmed, write_emptied])
@pytest.mark.parametrize(("first", "last"), [(1, 700), (602, 602), (700, 900), (701, 2**53 - 1), (601, 603)])
def test_a_part_begins_with_the_hash_that_it_rests_on(
    tmp_path: Path, make: Callable[[Path], Path], first: int, last: int
) -> None:
    """Every content of a part is proven; ``after`` is the last row before it that has content, as when published."""
    path = make(tmp_path / "locker.db")
    part = export(path, first, last)
    report = judged(tmp_path, part)
    assert not [fault for _, _, fault in found(report) if fault is not Fault.EMPTIED]
    assert not report.unproven
    numbers = [row.seq for row in read_export(tmp_path / "export.jsonl").rows if row.body]
    assert sum(end - start + 1 for start, end in report.proven) == len(numbers)
    assert all(first <= number <= last for number in numbers)
    whole = {json.loads(line)["seq"]: line for line in export(path)}
    assert all(line == whole[json.loads(line)["seq"]] for line in part[1:] if b'"after"' in line)
    assert re.match(rb'\{"seq":[0-9]+,"hash":"', part[0]) or first == 1


def test_a_part_that_ends_before_the_excuse_says_that_it_is_missing(tmp_path: Path) -> None:
    """Notes emptied, and the event that says so not in the file: not proven, and the finding says why."""
    [*_, last] = judged(tmp_path, export(write_emptied(tmp_path / "locker.db"), 990, 1001)).findings
    assert last.fault is Fault.EMPTIED
    assert "no log_trimmed event names it in what is there" in last.detail


def test_a_file_of_the_clouds_is_read_as_well(tmp_path: Path, lines: Lines) -> None:
    """Payloads as they came: repeats and the going back after a reconnect are no tampering."""
    assert judged(tmp_path, [*lines[:8], *lines[4:], b"\n", *lines[-2:]]).good
    emptied = [line for line in export(write_emptied(tmp_path / "e.db")) if b'"after"' in line]
    report = judged(tmp_path, emptied)
    assert not report.findings, "what was let go is accounted for"
    assert len(report.unproven) == 500, "but what follows a hole cannot be proven without the hash before it"
    received = [*emptied[:2], *lines_of(tmp_path / "e.db", 4), *emptied[2:]]
    assert judged(tmp_path, received).findings == []


def lines_of(path: Path, seq: int) -> Lines:
    """What was published of an emptied row before it was emptied."""
    with open_database(path) as book:
        [row] = book.stored(seq, seq)
        before = next(book.stored(seq - 1, seq - 1))
    for n in range(1000):
        body = before.body.replace(b'"seq":%d' % (seq - 1), b'"seq":%d' % seq).replace(
            b'"type":"opened"', b'"type":"note"'
        )
        body = re.sub(rb'"n":[0-9]+', b'"n":%d' % n, body)
        if chain_hash(before.hash, body) == row.hash:
            return [seal_event(body, seq - 1, row.hash) + b"\n"]
    raise AssertionError("not found")


def forged(line: bytes, old: bytes, new: bytes, before: bytes = b"") -> bytes:
    """A line with other content, chained anew onto the line before it where one is given."""
    changed = line.replace(old, new)
    if not before:
        return changed
    at = changed.rindex(b',"after":')
    after = json.loads(line)["after"]
    previous = bytes.fromhex(json.loads(before)["hash"])
    body = changed[:at] + b"}"
    return seal_event(body, after, chain_hash(previous, body)) + b"\n"


LINK = b'{"seq":%d,"hash":"%s"}\n'

# What was done to the list of lines -> what is found, what is left unproven.
TABLE: list[tuple[str, Callable[[Lines], Lines], Found, list[tuple[int, int]]]] = [
    ("nothing", lambda x: x, [], []),
    ("a last line without its end", lambda x: [*x[:-1], x[-1].rstrip()], [], []),
    ("lines of Windows", lambda x: [line.replace(b"\n", b"\r\n") for line in x], [], []),
    ("content", lambda x: [*x[:5], forged(x[5], b'"door":7', b'"door":8'), *x[6:]], [(6, 6, Fault.ALTERED)], []),
    ("content of the last", lambda x: [*x[:-1], forged(x[-1], b"stopped", b"started")], [(12, 12, Fault.EITHER)], []),
    ("a hash", lambda x: [*x[:5], forged(x[5], b'"hash":"', b'"hash":"00')[:-5] + b'"}\n', *x[6:]],
     [(6, 6, Fault.HASH)], []),
    ("after, too low", lambda x: [*x[:5], forged(x[5], b'"after":5', b'"after":3'), *x[6:]], [(6, 6, Fault.AFTER)], []),
    ("after, itself", lambda x: [*x[:5], forged(x[5], b'"after":5', b'"after":6'), *x[6:]], [(6, 6, Fault.AFTER)], []),
    ("after of the first", lambda x: [forged(x[0], b'"after":0', b'"after":1'), *x[1:]], [(1, 1, Fault.AFTER)], []),
    ("the first line removed", lambda x: x[1:], [(1, 1, Fault.MISSING)], [(2, 2)]),
    ("a middle line removed", lambda x: [*x[:5], *x[6:]], [(6, 6, Fault.MISSING)], [(7, 7)]),
    ("a line removed and said to be let go", lambda x: [*x[:5], forged(x[6], b'"after":6', b'"after":5'), *x[7:]],
     [(6, 6, Fault.MISSING)], [(7, 7)]),
    ("two removed, one said to be let go", lambda x: [*x[:4], forged(x[6], b'"after":6', b'"after":5'), *x[7:]],
     [(5, 5, Fault.MISSING), (6, 6, Fault.MISSING)], [(7, 7)]),
    ("a line replaced by its hash", lambda x: [*x[:5], LINK % (6, json.loads(x[5])["hash"].encode()), *x[6:]],
     [(6, 6, Fault.EMPTIED), (7, 7, Fault.AFTER)], []),
    ("the last line removed, which nobody here can know", lambda x: x[:-1], [], []),
    ("two lines exchanged", lambda x: [*x[:4], x[5], x[4], *x[6:]], [(5, 5, Fault.ORDER)], []),
    ("two far lines exchanged", lambda x: [*x[:2], x[9], *x[3:9], x[2], *x[10:]],
     [(n, n, Fault.ORDER) for n in range(3, 10)], []),
    ("a line put in", lambda x: [*x[:6], forged(x[5], b'"door":7', b'"door":8'), *x[6:]], [(6, 6, Fault.INSERTED)], []),
    ("a line put in before", lambda x: [*x[:5], forged(x[5], b'"door":7', b'"door":8'), *x[5:]],
     [(6, 6, Fault.INSERTED)], []),
    ("a line put in with a hash that fits", lambda x: [*x[:5], forged(x[5], b'"door":7', b'"door":8', x[4]), *x[5:]],
     [(6, 6, Fault.INSERTED)], []),
    ("its hash put in", lambda x: [*x[:6], LINK % (6, b"00" * 32), *x[6:]], [(6, 6, Fault.INSERTED)], []),
    ("a line behind the end", lambda x: [*x, forged(x[11], b'"seq":12', b'"seq":13')],
     [(13, 13, Fault.EITHER), (13, 13, Fault.AFTER)], []),
    ("number 0", lambda x: [forged(x[0], b'"seq":1,', b'"seq":0,'), *x], [(0, 0, Fault.UNREADABLE)], []),
    ("a hash of number 0", lambda x: [LINK % (0, b"00" * 32), *x], [(0, 0, Fault.UNREADABLE)], []),
    ("something else", lambda x: [*x[:5], b"hello\n", *x[5:]], [(0, 0, Fault.UNREADABLE)], []),
    ("half a line", lambda x: [*x[:5], x[5][:50] + b"\n", *x[6:]],
     [(0, 0, Fault.UNREADABLE), (6, 6, Fault.MISSING)], [(7, 7)]),
    ("a seal around nothing", lambda x: [*x, b'{,"after":1,"hash":"' + b"00" * 32 + b'"}\n'],
     [(0, 0, Fault.UNREADABLE)], []),
    ("another cabinet's event", lambda x: [*x[:5], forged(x[5], b'"epoch":"6', b'"epoch":"7', x[4]), *x[6:]],
     [(6, 6, Fault.EPOCH), (7, 7, Fault.ALTERED)], []),
    ("nothing left", lambda x: [], [], []),
]  # fmt: skip


@pytest.mark.parametrize(("change", "expected", "unproven"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_what_was_done_to_an_export_is_found_where_it_was_done(
    tmp_path: Path,
    lines: Lines,
    change: Callable[[Lines], Lines],
    expected: Found,
    unproven: list[tuple[int, int]],
) -> None:
    """Each row that was touched is named with what is wrong, and no other."""
    report = judged(tmp_path, change(list(lines)))
    assert found(report) == expected
    assert report.unproven == unproven
    assert report.good == (not expected and not unproven)


def test_a_cut_off_export_is_told_by_a_longer_one(tmp_path: Path, lines: Lines) -> None:
    """An earlier export, or the cloud's copy, is a witness for each of its rows."""
    witnesses = hashes(write(tmp_path / "other.db"))
    assert found(judged(tmp_path, lines[:9], witnesses))[0] == (10, 10, Fault.END)
    assert judged(tmp_path, lines, witnesses).good


def test_an_emptied_row_of_an_export_that_is_removed_or_too_many(tmp_path: Path) -> None:
    """The lines of emptied rows are part of the chain as well."""
    lines = export(write_emptied(tmp_path / "locker.db"))
    report = judged(tmp_path, [*lines[:499], *lines[500:]])
    assert found(report) == [], "that it was let go is accounted for"
    assert report.unproven == [(501, 501)], "but what follows it cannot be proven"
    one_more = [*lines[:500], LINK % (501, json.loads(lines[500])["hash"].encode()), *lines[501:]]
    one_more[502] = one_more[502].replace(b'"after":501', b'"after":499')
    assert found(judged(tmp_path, one_more)) == [(2, 1000, Fault.COUNT)]
    published = [*lines[:502], lines[502].replace(b'"after":501', b'"after":502'), *lines[503:]]
    assert found(judged(tmp_path, published)) == [(503, 503, Fault.AFTER)]


def test_two_databases_in_one_file_are_told_apart(tmp_path: Path, lines: Lines) -> None:
    """A card was changed: a new epoch begins at 1. One file is one epoch's."""
    other = [line.replace(b'"epoch":"6', b'"epoch":"7') for line in lines]
    rewritten: Lines = []
    previous = GENESIS
    for line in other:
        body = line[: line.rindex(b',"after":')] + b"}"
        previous = chain_hash(previous, body)
        rewritten.append(seal_event(body, json.loads(line)["after"], previous) + b"\n")
    report = judged(tmp_path, [*lines, *rewritten])
    assert {fault for _, _, fault in found(report)} == {Fault.INSERTED}
    assert len(report.findings) == len(STORY)
    mixed = judged(tmp_path, [*rewritten[:3], *lines[3:]])
    assert (1, 1, Fault.EPOCH) in found(mixed)


def test_a_line_longer_than_any_event_is_unreadable(tmp_path: Path, lines: Lines) -> None:
    """It is not taken into memory whole, and what follows is read."""
    report = judged(tmp_path, [*lines[:5], b"x" * 100_000 + b"\n", *lines[5:]])
    assert {fault for _, _, fault in found(report)} == {Fault.UNREADABLE}
    assert report.proven == [(1, 12)]


def test_one_row_is_found_by_its_number(tmp_path: Path, lines: Lines) -> None:
    """In a database and in an export; None where there is none."""
    path = tmp_path / "locker.db"
    judged(tmp_path, lines)
    for each in (path, tmp_path / "export.jsonl"):
        row = find(each, 6)
        assert row is not None
        assert b'"type":"deposited"' in row.body
        assert find(each, 13) is None


def test_every_pair_of_lines_exchanged_is_found(tmp_path: Path, lines: Lines) -> None:
    """Any two."""
    for a in range(len(lines)):
        for b in range(a + 1, len(lines)):
            changed = list(lines)
            changed[a], changed[b] = lines[b], lines[a]
            assert {fault for _, _, fault in found(judged(tmp_path, changed))} == {Fault.ORDER}


@given(st.data())
def test_any_byte_of_an_export_changed_is_found(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """But for the last line's end, there is no byte that could be another one unnoticed."""
    folder = tmp_path_factory.mktemp("bytes")
    whole = bytearray(b"".join(export(write(folder / "locker.db"))))
    at = data.draw(st.integers(0, len(whole) - 2))
    value = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[at]))
    was, whole[at] = whole[at], value
    if {was, value} <= {0x0A, 0x0D}:
        return
    assert not judged(folder, [bytes(whole)]).good


@example(DATABASE_HEAD, False)
@given(st.binary(max_size=300), st.booleans())
def test_any_file_is_read_without_an_unexpected_error(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes, sealed: bool
) -> None:
    """Whatever lies in it; what begins like a database and is none is refused by name."""
    seal = b',"after":0,"hash":"' + b"00" * 32 + b'"}'
    try:
        report = judged(tmp_path_factory.mktemp("any"), [raw + (seal if sealed else b"")])
    except LogbookError as wrong:
        assert raw.startswith(DATABASE_HEAD)
        assert "is it a cabinet's database" in str(wrong)
        return
    assert isinstance(report, Report)
    assert not report.proven


def test_rows_are_taken_in_any_number_and_not_kept(tmp_path: Path) -> None:
    """A generator is enough: the examiner looks one row ahead and remembers numbers alone."""
    path = write_trimmed(tmp_path / "locker.db")
    with open_database(path) as book:
        assert examine(row for row in book.rows()).good
    assert all(b.seq == a.seq + 1 for a, b in pairwise(read_rows(path)))
    tamper(path, "DELETE FROM events")
    assert judge(path, {}).findings[0].fault is Fault.END


def read_rows(path: Path) -> list[Row]:
    """Every row of a database."""
    with open_database(path) as book:
        return list(book.rows())
