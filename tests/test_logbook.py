"""The audit of a database: each way to tamper with it, and what is found where, also what cannot be found."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from logs import BOOT, EPOCH, STORY, tamper, write, write_emptied, write_trimmed

from locker.audit import FINDINGS_MAX, Fault, Report, Row, examine
from locker.logbook import hashes, judge, open_database
from locker.messages import GENESIS, chain_hash

Found = list[tuple[int, int, Fault]]


def found(report: Report) -> Found:
    """Where what was found."""
    return [(finding.first, finding.last, finding.fault) for finding in report.findings]


def exchange(a: int, b: int, columns: str = "body, hash") -> list[str]:
    """SQL that exchanges columns of two rows."""
    return [
        f"CREATE TEMP TABLE t AS SELECT seq, {columns} FROM events WHERE seq IN ({a}, {b})",
        f"UPDATE events SET ({columns}) = (SELECT {columns} FROM t WHERE t.seq = {b}) WHERE seq = {a}",
        f"UPDATE events SET ({columns}) = (SELECT {columns} FROM t WHERE t.seq = {a}) WHERE seq = {b}",
    ]


def body(seq: int, old: str, new: str) -> str:
    """SQL that replaces some characters of a row's content."""
    text = f"replace(CAST(body AS TEXT), '{old}', '{new}')"
    return f"UPDATE events SET body = CAST({text} AS BLOB) WHERE seq = {seq}"


def anew_at(seq: int) -> list[str]:
    """SQL that gives a row of the story another content and the hash that fits it."""
    with TemporaryDirectory() as folder:
        before, row = rows(write(Path(folder) / "locker.db"))[seq - 2 : seq]
    content = row.body.replace(b'"door":7', b'"door":8')
    fitting = chain_hash(before.hash, content)
    return [f"UPDATE events SET body = X'{content.hex()}', hash = X'{fitting.hex()}' WHERE seq = {seq}"]


def rows(path: Path) -> list[Row]:
    """The rows of a database."""
    with open_database(path) as book:
        return list(book.rows())


FLIP = "UPDATE events SET hash = CAST(substr(hash, 1, 31) || X'00' AS BLOB) WHERE seq = {}"

# What was done -> what is found, and which rows are left unproven. Rows are 1 to 12, nothing is acknowledged.
TABLE: list[tuple[str, list[str], Found, list[tuple[int, int]]]] = [
    ("nothing", [], [], []),
    # content
    ("the door of an opening", [body(4, '"door":7', '"door":8')], [(4, 4, Fault.ALTERED)], []),
    ("the name of who opened", [body(4, "王芳", "李娜")], [(4, 4, Fault.ALTERED)], []),
    ("the reason of a refusal", [body(8, "foreign", "expired")], [(8, 8, Fault.ALTERED)], []),
    ("the time", [body(6, '"at_ms":1764000005000', '"at_ms":1763000005000')], [(6, 6, Fault.ALTERED)], []),
    ("the quality", [body(6, "synced", "floor")], [(6, 6, Fault.ALTERED)], []),
    ("the boot", [body(6, BOOT, "b7d1")], [(6, 6, Fault.ALTERED)], []),
    ("the epoch", [body(6, EPOCH, "0" * 16)], [(6, 6, Fault.ALTERED)], []),
    ("the type", [body(10, "opened", "denied")], [(10, 10, Fault.ALTERED)], []),
    ("one blank more", [body(6, "{", "{ ")], [(6, 6, Fault.ALTERED)], []),
    ("the first row", [body(1, "0.1.0", "0.1.1")], [(1, 1, Fault.ALTERED)], []),
    ("the last row", [body(12, "stopped", "started")], [(12, 12, Fault.EITHER)], []),
    ("no JSON any more", ["UPDATE events SET body = X'FF' WHERE seq = 6"], [(6, 6, Fault.ALTERED)], []),
    ("another event's number", [body(6, '"seq":6', '"seq":9')], [(6, 6, Fault.FOREIGN)], []),
    ("emptied like a note", ["UPDATE events SET body = X'', droppable = 0 WHERE seq = 6"],
     [(6, 6, Fault.EMPTIED)], []),
    ("a note emptied by hand", ["UPDATE events SET body = X'', droppable = 0 WHERE seq = 3"],
     [(3, 3, Fault.EMPTIED)], []),
    ("two far apart", [body(4, '"door":7', '"door":8'), body(9, "spent", "given")],
     [(4, 4, Fault.ALTERED), (9, 9, Fault.ALTERED)], []),
    ("two neighbours", [body(4, '"door":7', '"door":8'), body(5, '"door":7', '"door":8')],
     [(4, 4, Fault.EITHER)], [(5, 5)]),
    ("content and the hash that fits it", anew_at(6), [(7, 7, Fault.ALTERED)], []),
    # hash
    ("the hash", [FLIP.format(6)], [(6, 6, Fault.HASH)], []),
    ("the first hash", [FLIP.format(1)], [(1, 1, Fault.HASH)], []),
    ("the last hash", [FLIP.format(12)], [(12, 12, Fault.EITHER)], []),
    ("a hash cut off", ["UPDATE events SET hash = substr(hash, 1, 31) WHERE seq = 6"],
     [(6, 6, Fault.FORM), (6, 6, Fault.HASH)], []),
    ("content and hash", [body(6, '"door":7', '"door":8'), FLIP.format(6)], [(6, 6, Fault.EITHER)], [(7, 7)]),
    # the other columns
    ("content as text", ["UPDATE events SET body = CAST(body AS TEXT) WHERE seq = 6"], [(6, 6, Fault.FORM)], []),
    ("a hash as text", ["UPDATE events SET hash = hex(hash) WHERE seq = 6"],
     [(6, 6, Fault.FORM), (6, 6, Fault.HASH)], []),
    ("droppable 7", ["UPDATE events SET droppable = 7 WHERE seq = 6"], [(6, 6, Fault.FORM)], []),
    ("droppable a text", ["UPDATE events SET droppable = 'no' WHERE seq = 6"], [(6, 6, Fault.FORM)], []),
    ("droppable 1, which says nothing of what happened", ["UPDATE events SET droppable = 1 WHERE seq = 6"], [], []),
    ("the number, to the end", ["UPDATE events SET seq = 100 WHERE seq = 6"],
     [(6, 6, Fault.MISSING), (13, 99, Fault.MISSING), (100, 100, Fault.FOREIGN)], [(7, 7)]),
    ("the number, below one", ["UPDATE events SET seq = -6 WHERE seq = 6"],
     [(-6, -6, Fault.FORM), (6, 6, Fault.MISSING)], [(7, 7)]),
    # removed
    ("the first row removed", ["DELETE FROM events WHERE seq = 1"], [(1, 1, Fault.MISSING)], [(2, 2)]),
    ("a middle row removed", ["DELETE FROM events WHERE seq = 6"], [(6, 6, Fault.MISSING)], [(7, 7)]),
    ("three rows removed", ["DELETE FROM events WHERE seq BETWEEN 6 AND 8"], [(6, 8, Fault.MISSING)], [(9, 9)]),
    ("the first and a middle row", ["DELETE FROM events WHERE seq IN (1, 6)"],
     [(1, 1, Fault.MISSING), (6, 6, Fault.MISSING)], [(2, 2), (7, 7)]),
    ("the end cut off, which nobody here can know", ["DELETE FROM events WHERE seq > 9"], [], []),
    ("the end cut off after it was acknowledged",
     ["UPDATE meta SET value = '12' WHERE key = 'acked'", "DELETE FROM events WHERE seq > 9"],
     [(10, 12, Fault.END)], []),
    ("everything removed after it was acknowledged",
     ["UPDATE meta SET value = '12' WHERE key = 'acked'", "DELETE FROM events"], [(1, 12, Fault.END)], []),
    # exchanged
    ("two rows exchanged", exchange(5, 9), [(5, 5, Fault.SWAPPED), (9, 9, Fault.SWAPPED)], [(6, 6), (10, 10)]),
    ("two neighbours exchanged", exchange(6, 7), [(6, 6, Fault.SWAPPED), (7, 7, Fault.SWAPPED)], [(8, 8)]),
    ("only their contents", exchange(5, 9, "body"), [(5, 5, Fault.SWAPPED), (9, 9, Fault.SWAPPED)], []),
    ("only their hashes", exchange(5, 9, "hash"), [(5, 5, Fault.HASH), (9, 9, Fault.HASH)], []),
    ("first and last", exchange(1, 12), [(1, 1, Fault.SWAPPED), (12, 12, Fault.SWAPPED)], [(2, 2)]),
    # put in
    ("a row copied to another place",
     ["DELETE FROM events WHERE seq = 9",
      "INSERT INTO events SELECT 9, body, hash, droppable FROM events WHERE seq = 10"],
     [(9, 9, Fault.FOREIGN)], [(10, 10)]),
    ("a row put in, all behind it moved on",
     ["UPDATE events SET seq = -seq - 1 WHERE seq > 10", "UPDATE events SET seq = -seq WHERE seq < 0",
      "INSERT INTO events SELECT 11, body, hash, droppable FROM events WHERE seq = 10"],
     [(11, 11, Fault.FOREIGN), (12, 12, Fault.FOREIGN), (13, 13, Fault.FOREIGN)], []),
    # the meta table
    ("another epoch", ["UPDATE meta SET value = 'x' WHERE key = 'epoch'"], [(1, 12, Fault.EPOCH)], []),
    ("an acknowledgement beyond the end", ["UPDATE meta SET value = '14' WHERE key = 'acked'"],
     [(13, 14, Fault.END)], []),
    ("an anchor that is none", ["INSERT INTO meta VALUES ('anchor', 'x')"], [(0, 0, Fault.FORM)], []),
    ("an anchor within the log", [f"INSERT INTO meta VALUES ('anchor', '2 {'00' * 32}')"],
     [(1, 2, Fault.TRIMMED), (1, 1, Fault.INSERTED), (2, 2, Fault.INSERTED), (3, 3, Fault.ALTERED)], []),
]  # fmt: skip


@pytest.mark.parametrize(("statements", "expected", "unproven"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE])
def test_what_was_done_to_a_database_is_found_where_it_was_done(
    tmp_path: Path, statements: list[str], expected: Found, unproven: list[tuple[int, int]]
) -> None:
    """Each row that was touched is named with what is wrong, no other is blamed, and the rest is proven."""
    path = tamper(write(tmp_path / "locker.db"), *statements)
    report = judge(path, {})
    assert sorted(found(report), key=str) == sorted(expected, key=str)
    assert report.unproven == unproven
    assert report.good == (not expected and not unproven)
    blamed = {seq for first, last, fault in expected for seq in range(max(first, 1), last + 1) if fault not in LOUD}
    blamed |= {seq for first, last in unproven for seq in range(first, last + 1)}
    proven = {seq for first, last in report.proven for seq in range(first, last + 1)}
    assert proven == {row.seq for row in rows(path) if row.seq > 0} - blamed


LOUD = (Fault.EPOCH, Fault.FORM)
"""What is said of rows whose content is proven all the same."""


def anew(path: Path) -> Path:
    """Compute the chain anew over what stands there: what whoever has the card and this program can do."""
    with open_database(path) as book:
        stored = list(book.rows())
    statements, previous = [], GENESIS
    for row in stored:
        previous = chain_hash(previous, row.body)
        statements.append(f"UPDATE events SET hash = X'{previous.hex()}' WHERE seq = {row.seq}")
    return tamper(path, *statements)


def test_a_chain_computed_anew_needs_a_witness(tmp_path: Path) -> None:
    """No key is in the chain. One hash from elsewhere, of that row or any later one, tells; an earlier one does not."""
    true = hashes(write(tmp_path / "true.db"))
    path = anew(tamper(write(tmp_path / "locker.db"), body(6, '"door":7', '"door":8')))
    assert judge(path, {}).good
    assert judge(path, {5: true[5]}).good
    for seq in range(6, 13):
        assert found(judge(path, {seq: true[seq]})) == [(seq, seq, Fault.WITNESS)]
        assert found(judge(path, {seq: true[seq][:16]})) == [(seq, seq, Fault.WITNESS)], "as much as a receipt has"
    assert found(judge(path, true))[0] == (6, 6, Fault.WITNESS), "a whole copy tells where it began"


def test_a_cut_off_end_needs_a_witness(tmp_path: Path) -> None:
    """What the cloud has, a receipt, or an earlier export says that there was more."""
    true = hashes(write(tmp_path / "true.db"))
    path = tamper(write(tmp_path / "locker.db"), "DELETE FROM events WHERE seq > 9")
    assert judge(path, {9: true[9]}).good
    assert found(judge(path, {11: true[11]})) == [(10, 11, Fault.END)]


def test_every_single_row_is_found(tmp_path: Path) -> None:
    """Altering or removing any one row of the log is found at that row; the last one's removal by its witness."""
    for seq in range(1, len(STORY) + 1):
        path = tamper(write(tmp_path / f"a{seq}.db"), body(seq, '"v":1', '"v":2'))
        assert [finding.first for finding in judge(path, {}).findings] == [seq]
        path = write(tmp_path / f"r{seq}.db")
        last = hashes(path)[len(STORY)]
        tamper(path, f"DELETE FROM events WHERE seq = {seq}")
        assert [finding.first for finding in judge(path, {len(STORY): last}).findings] == [seq]


def test_a_flood_of_findings_is_cut_off_and_counted(tmp_path: Path) -> None:
    """A report has a limit, and says how much more there is (invariant 9)."""
    path = tamper(write_trimmed(tmp_path / "locker.db"), body(700, "denied", "opened"))
    assert found(judge(path, {})) == [(700, 700, Fault.ALTERED)]
    tamper(path, "UPDATE events SET droppable = 5")
    report = judge(path, {})
    assert (len(report.findings), report.more) == (FINDINGS_MAX, 501)


# --- trimmed --------------------------------------------------------------------------------------

ANCHOR = "UPDATE meta SET value = '{} {}' WHERE key = 'anchor'"


def test_a_trimmed_log_rests_on_its_anchor(tmp_path: Path) -> None:
    """What the cloud had was cut off by the controller; the rest is proven from the anchor on."""
    report = judge(write_trimmed(tmp_path / "locker.db"), {})
    assert report.good
    assert (report.begins, report.first, report.last, report.proven) == (600, 601, 1200, [(601, 1200)])


def test_tampering_with_the_beginning_of_a_trimmed_log(tmp_path: Path) -> None:
    """The first row, the anchor's number, its hash, the anchor itself; each is found at the beginning."""
    whole = write_trimmed(tmp_path / "whole.db")
    true = {row.seq: row.hash for row in rows(whole)}
    cases: list[tuple[list[str], Found]] = [
        (["DELETE FROM events WHERE seq = 601"], [(601, 601, Fault.MISSING)]),
        ([ANCHOR.format(600, "00" * 32)], [(601, 601, Fault.ALTERED)]),
        ([body(601, "denied", "opened")], [(601, 601, Fault.ALTERED)]),
        (["DELETE FROM meta WHERE key = 'anchor'"], [(1, 600, Fault.MISSING)]),
        ([ANCHOR.format(590, "00" * 32)], [(591, 600, Fault.MISSING)]),
        (["UPDATE meta SET value = '5' WHERE key = 'acked'"], [(6, 600, Fault.TRIMMED)]),
        (["DELETE FROM events WHERE seq < 1151", ANCHOR.format(1150, true[1150].hex())],
         [(1101, 1150, Fault.TRIMMED)]),
    ]  # fmt: skip
    for number, (statements, expected) in enumerate(cases):
        path = tamper(Path(shutil.copy(whole, tmp_path / f"{number}.db")), *statements)
        assert found(judge(path, {})) == expected, statements
    [finding] = judge(tmp_path / "1.db", {}).findings
    assert finding.detail.endswith("or the hash kept of row 600 was altered")


def test_a_beginning_cut_off_behind_a_forged_anchor_is_only_told_by_where_the_log_begins(tmp_path: Path) -> None:
    """It looks like trimming. The report says on which row everything rests, and which witnesses are older."""
    path = write_trimmed(tmp_path / "locker.db")
    true = hashes(path)
    tamper(path, "DELETE FROM events WHERE seq <= 1050", ANCHOR.format(1050, true[1050].hex()))
    report = judge(path, {1040: true[1040], 1060: true[1060]})
    assert report.good
    assert (report.begins, report.unjudged) == (1050, [1040])
    assert found(judge(path, {1050: bytes(32)})) == [(1050, 1050, Fault.WITNESS)]


# --- emptied --------------------------------------------------------------------------------------


def test_emptied_notes_are_accounted_for(tmp_path: Path) -> None:
    """A row whose content the controller let go keeps the chain together, and a later event says how many there are."""
    report = judge(write_emptied(tmp_path / "locker.db"), {})
    assert report.good, report.findings
    assert (report.emptied, report.events, report.last) == (500, 503, 1003)


EMPTY = "UPDATE events SET body = X'', droppable = 0 WHERE seq = {}"


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([EMPTY.format(501)], [(2, 1000, Fault.COUNT)]),
        ([EMPTY.format(1001)], [(1001, 1001, Fault.EMPTIED)]),
        ([EMPTY.format(1003)], [(1003, 1003, Fault.EMPTIED)]),
        (["DELETE FROM events WHERE seq = 500"], [(500, 500, Fault.MISSING)]),
        ([FLIP.format(500)], [(501, 501, Fault.EITHER)]),
        ([FLIP.format(501)], [(501, 501, Fault.EITHER)]),
        (["UPDATE events SET droppable = 1 WHERE seq = 500"], [(500, 500, Fault.FORM)]),
    ],
)
def test_tampering_among_emptied_notes(tmp_path: Path, statements: list[str], expected: Found) -> None:
    """One more emptied by hand is one too many; a kept hash that was altered is found by the next row."""
    assert found(judge(tamper(write_emptied(tmp_path / "locker.db"), *statements), {})) == expected


def test_an_event_that_says_what_was_emptied_counts_only_when_it_is_proven(tmp_path: Path) -> None:
    """Else whoever empties a row would write the excuse as well."""
    report = judge(tamper(write_emptied(tmp_path / "locker.db"), body(1002, "500", "501"), EMPTY.format(501)), {})
    assert (1002, 1002, Fault.ALTERED) in found(report)
    assert sum(last - first + 1 for first, last, fault in found(report) if fault is Fault.EMPTIED) == FINDINGS_MAX - 1


def test_a_later_excuse_does_not_count_for_itself() -> None:
    """A log_trimmed event that names rows behind itself accounts for nothing."""
    excuse = b'{"v":1,"epoch":"e","seq":1,"boot":"b","at_ms":1,"boot_ms":1,"quality":"rtc","type":"log_trimmed",' + (
        b'"door":0,"data":{"count":1,"first":2,"last":2}}'
    )
    report = examine([Row(1, excuse, chain_hash(GENESIS, excuse)), Row(2, b"", bytes(32))])
    assert found(report) == [(2, 2, Fault.EMPTIED)]
