"""Key sets and revocation lists in the cabinet: what is believed, since when, and over which accidents."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest
from rooted_stage import NEW, OTHER_ROOT, ROOT, RootedStage, a_key, a_list, a_set, rooted
from stage import EPOCH_S, RESIDENTS, STAFF, Stage, a_config

from locker import config
from locker.authority import keyset
from locker.authority.ed25519 import PrivateKey
from locker.authority.keys import KeyState, kid_of
from locker.authority.root import seal
from locker.model import MessageReceived, Purpose, Quality, Refusal
from locker.trust import TrustError

FOREVER = EPOCH_S + 365 * 86_400


@pytest.fixture
def stage(tmp_path: Path) -> RootedStage:
    """A cabinet with version 1 in force."""
    return RootedStage(tmp_path)


def flipped(raw: bytes, at: int = -1) -> bytes:
    """The same bytes with one bit of one byte changed."""
    changed = bytearray(raw)
    changed[at] ^= 1
    return bytes(changed)


# --- key sets -------------------------------------------------------------------------------------


def test_until_the_first_set_every_token_is_of_an_unknown_key(tmp_path: Path) -> None:
    """The lack is said once at the start; the code that was refused works as soon as a set is there."""
    stage = RootedStage(tmp_path, first=None)
    assert stage.kinds.count("keys_missing") == 1
    code = stage.deposit()
    assert stage.scan(code) == 0
    assert stage.refused(Refusal.UNKNOWN_KEY)
    stage.arrives("keys", a_set(1))
    changed = stage.last("keys_changed")
    kids = sorted(kid_of(key.public).hex() for key in (RESIDENTS, STAFF))
    assert (changed["version"], changed["kids"], changed["source"]) == (1, kids, "mqtt")
    assert stage.scan(code)
    stage.crash()
    assert stage.kinds.count("keys_missing") == 1


def test_a_rotation_with_its_overlap_survives_a_power_cut_at_each_step(stage: RootedStage) -> None:
    """Next, active, retired: the old key's tokens work until it is retired, the new one's from "next" on."""
    steps = [
        ((a_key(), a_key(NEW, KeyState.NEXT)), True, True),
        ((a_key(), a_key(NEW)), True, True),
        ((a_key(state=KeyState.RETIRED), a_key(NEW)), Refusal.KEY_RETIRED, True),
        ((a_key(NEW),), Refusal.UNKNOWN_KEY, True),
    ]
    for version, (keys, *expected) in enumerate(steps, 2):
        stage.arrives("keys", a_set(version, *keys))
        stage.crash()
        for key, outcome in zip((RESIDENTS, NEW), expected, strict=True):
            door = stage.scan(stage.deposit(key=key))
            if isinstance(outcome, Refusal):
                assert door == 0
                assert stage.refused(outcome)
            else:
                stage.opens(door)
                stage.shuts(door)
                stage.touch("done")
                stage.wait(15_000)
                stage.command(id=f"{version}-{stage.issued}", op="service", args={"door": door, "in_service": False})


@pytest.mark.parametrize("source", ["mqtt", "file", "stick"])
@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (a_set(1), "rollback"),
        (a_set(2, a_key(NEW)), "conflict"),
        (flipped(a_set(3)), "signature"),
        (a_set(3, root=OTHER_ROOT), "other_root"),
        (a_list(3), "content"),
        (a_set(3)[:-1], "malformed"),
        (b"", "malformed"),
        (bytes(8193), "too_long"),
    ],
)
def test_what_is_refused_is_told_and_changes_nothing(tmp_path: Path, raw: bytes, reason: str, source: str) -> None:
    """A lower version, another of the same, another root's, a cut or a foreign one: an event, and the set stays."""
    stage = RootedStage(tmp_path, a_set(2))
    before = stage.store.load().signed
    stage.arrives("keys", raw, source)
    refused = stage.last("keys_refused")
    assert (refused["reason"], refused["source"]) == (reason, source)
    assert stage.store.load().signed == before
    stage.crash()
    assert stage.scan(stage.deposit())


def test_two_keys_with_equal_ids_are_refused(stage: RootedStage) -> None:
    """Four bytes of a hash can be made to collide; then nobody could say whose token it is, so the set is refused."""
    row = [kid_of(NEW.public), NEW.public, -8, EPOCH_S - 60, FOREVER, [1, 2], 1, 0]
    stage.arrives("keys", seal(2, EPOCH_S, [row, row], keyset.FORM, ROOT))
    assert stage.last("keys_refused")["reason"] == "equal_kids"
    assert stage.scan(stage.deposit())


def test_the_same_set_at_each_reconnect_writes_nothing(stage: RootedStage) -> None:
    """The retained copy is acknowledged and that is all: no event, no row, not one transaction; nor from a stick."""
    stage.arrives("revoked", a_list(4))
    rows, written = len(stage.log), stage.store._db.total_changes
    for source in ("mqtt", "mqtt", "stick", "file"):
        stage.arrives("keys", a_set(1), source)
        stage.arrives("revoked", a_list(4), source)
    assert (len(stage.log), stage.store._db.total_changes) == (rows, written)


def test_a_refused_set_that_a_broker_keeps_is_told_once(stage: RootedStage) -> None:
    """The same refused bytes at every reconnect make one event, the next different ones their own."""
    for raw in (flipped(a_set(2)), flipped(a_set(2)), flipped(a_set(2), -2), flipped(a_set(2))):
        stage.arrives("keys", raw)
    assert stage.kinds.count("keys_refused") == 3
    stage.arrives("keys", flipped(a_set(2)), "stick")
    assert stage.kinds.count("keys_refused") == 4


def test_a_flood_of_refused_sets_is_counted_and_not_written(stage: RootedStage) -> None:
    """Whoever has the broker cannot fill the log: 60 a minute, then a count."""
    for number in range(200):
        stage.arrives("keys", b"%d" % number)
    assert stage.kinds.count("keys_refused") == 60
    stage.wait(61_000)
    assert stage.last("suppressed")["count"] == 140


def test_a_cut_off_kills_the_tokens_issued_before_it(stage: RootedStage) -> None:
    """The old token is refused as cut off, a newer one of the same key works, also after a power cut."""
    old = stage.deposit(iat=EPOCH_S - 100)
    stage.arrives("keys", a_set(2, a_key(cutoff_iat=EPOCH_S - 50)))
    stage.crash()
    assert stage.scan(old) == 0
    assert stage.refused(Refusal.CUT_OFF)
    assert stage.scan(stage.deposit())


def test_a_set_that_was_not_committed_is_not_in_force_after_a_power_cut(stage: RootedStage) -> None:
    """A power cut before the commit leaves the old set: memory and disk never differ after a start."""
    stage.cabinet.handle(MessageReceived("keys", a_set(2, a_key(NEW)), True, 5), stage.now)
    stage.crash()
    assert stage.scan(stage.deposit(key=NEW)) == 0
    assert stage.refused(Refusal.UNKNOWN_KEY)
    assert stage.scan(stage.deposit())


def test_a_new_root_begins_at_version_1(tmp_path: Path) -> None:
    """After another root was pinned the old one's set is out of force, said so, and the new one's first is taken."""
    stage = RootedStage(tmp_path, a_set(9))
    stage.arrives("revoked", a_list(9))
    stage.cfg = rooted(OTHER_ROOT)
    stage.crash()
    assert stage.last("keys_refused")["source"] == "store"
    assert {stage.last(f"{kind}_refused")["reason"] for kind in ("keys", "revoked")} == {"other_root"}
    code = stage.deposit()
    assert stage.scan(code) == 0
    stage.arrives("keys", a_set(1, root=OTHER_ROOT))
    stage.arrives("revoked", a_list(1, root=OTHER_ROOT))
    stage.crash()
    assert stage.scan(code)


@pytest.mark.parametrize("column", ["raw", "digest", "version"])
@pytest.mark.parametrize("kind", ["keys", "revoked"])
def test_a_stored_document_that_was_changed_stops_the_start(stage: RootedStage, kind: str, column: str) -> None:
    """Whoever can write into the database cannot slip a key in; the error names the row and what to do."""
    stage.arrives("revoked", a_list(1))
    with sqlite3.connect(stage.path) as other:
        (value,) = other.execute(f"SELECT {column} FROM signed WHERE kind = ?", (kind,)).fetchone()
        changed = value + 1 if column == "version" else flipped(value)
        other.execute(f"UPDATE signed SET {column} = ? WHERE kind = ?", (changed, kind))
    other.close()
    with pytest.raises(TrustError, match=rf'the stored "{kind}".*DELETE FROM signed WHERE kind = .{kind}'):
        stage.crash()


def test_a_root_that_is_no_key_stops_the_start(tmp_path: Path) -> None:
    """64 zeros are well formed and worthless: anybody could sign under them."""
    cfg = a_config(keys=[], authority=config.Authority(root="0" * 64))
    with pytest.raises(TrustError, match=r"authority\.root: .*locker keys root"):
        Stage(tmp_path, cfg)


def test_without_a_root_nothing_that_arrives_is_looked_at(tmp_path: Path) -> None:
    """The configuration's keys stand; a set on the topic is acknowledged and left."""
    stage = Stage(tmp_path)
    RootedStage.arrives(stage, "keys", a_set(1, a_key(NEW)))  # type: ignore[arg-type]
    assert not [kind for kind in stage.kinds if kind.startswith("keys")]
    assert stage.scan(stage.deposit(key=NEW)) == 0
    assert stage.refused(Refusal.UNKNOWN_KEY)
    assert stage.scan(stage.deposit())


# --- revocation -----------------------------------------------------------------------------------


def test_a_list_kills_one_token_and_no_other(stage: RootedStage) -> None:
    """Refused with its reason and an event, before and after a power cut; the next token of the same key works."""
    code = stage.deposit()
    stage.arrives("revoked", a_list(1, stage.cti()))
    assert (stage.last("revoked_changed")["version"], stage.last("revoked_changed")["count"]) == (1, 1)
    assert stage.scan(code) == 0
    assert stage.refused(Refusal.REVOKED)
    stage.crash()
    assert stage.scan(code) == 0
    assert stage.refused(Refusal.REVOKED)
    assert stage.scan(stage.deposit())


def test_only_a_later_list_of_the_root_brings_a_token_back(stage: RootedStage) -> None:
    """An older list, an equal version, another root's: refused. What the next list leaves out lives again."""
    code = stage.deposit()
    stage.arrives("revoked", a_list(5, stage.cti()))
    for raw, reason in ((a_list(4), "rollback"), (a_list(5), "conflict"), (a_list(6, root=OTHER_ROOT), "other_root")):
        stage.arrives("revoked", raw)
        assert stage.last("revoked_refused")["reason"] == reason
        assert stage.scan(code) == 0
        assert stage.refused(Refusal.REVOKED)
    stage.arrives("revoked", a_list(6))
    assert stage.scan(code)


def test_a_new_key_set_does_not_forget_the_list(stage: RootedStage) -> None:
    """The two kinds have versions and lives of their own."""
    code = stage.deposit()
    stage.arrives("revoked", a_list(7, stage.cti()))
    stage.arrives("keys", a_set(2))
    assert stage.scan(code) == 0
    assert stage.refused(Refusal.REVOKED)


def test_a_token_revoked_during_its_visit_harms_nobodys_papers(stage: RootedStage) -> None:
    """The door that is open is shut, the item kept; but no lock is moved again, by the button or by the code."""
    code = stage.deposit("A1")
    door = stage.scan(code)
    stage.opens(door)
    stage.arrives("revoked", a_list(1, stage.cti()))
    assert stage.cabinet.visit.door == door
    stage.touch("larger")
    assert stage.screen.reason == "revoked"
    stage.shuts(door)
    assert stage.last("deposited")["door"] == door
    for act in (lambda: stage.touch("reopen"), lambda: stage.scan(code)):
        refusals = stage.kinds.count("denied")
        act()
        assert (stage.screen.reason, stage.kinds.count("denied")) == ("revoked", refusals + 1)
        assert stage.refused(Refusal.REVOKED)
    stage.touch("done")
    stage.wait(15_000)
    assert stage.pulses == [door]
    assert stage.scan(stage.collect("A1")) == door


def test_a_door_that_was_still_shut_goes_on_opening(stage: RootedStage) -> None:
    """Revoked between the pulse and the opening: the visit ends as it would have; the opening is on record."""
    code = stage.deposit()
    door = stage.scan(code)
    stage.arrives("revoked", a_list(1, stage.cti()))
    stage.opens(door)
    stage.shuts(door)
    assert stage.last("deposited")["door"] == door


@pytest.mark.parametrize(("quality", "kept"), [(Quality.SYNCED, 0), (Quality.FLOOR, 1)])
def test_the_list_in_memory_is_purged_when_the_clock_is_good(tmp_path: Path, quality: Quality, kept: int) -> None:
    """A day after exp the token is dead by any clock and forgotten; never while the time is a guess."""
    stage = RootedStage(tmp_path, quality=quality)
    cti = hashlib.sha256(b"gone").digest()[:16]
    stage.arrives("revoked", a_list(1, cti, exp=EPOCH_S + 60))
    stage.wait(2 * 86_400_000)
    assert stage.cabinet.authority.revokes(cti) == bool(kept)
    stage.crash()
    assert stage.cabinet.authority.revokes(cti), "the stored list is whole"


def test_staff_tokens_come_from_the_set_as_well(stage: RootedStage) -> None:
    """The staff's key in the set opens by name; a residents' key never does."""
    assert stage.scan(stage.token(Purpose.STAFF, door=3)) == 3
    stage.opens(3)
    stage.shuts(3)
    stage.wait(15_000)
    assert stage.scan(stage.token(Purpose.STAFF, door=4, key=RESIDENTS)) == 0
    assert stage.refused(Refusal.PURPOSE)


def test_the_keys_of_a_set_are_told_by_their_ids_alone(stage: RootedStage) -> None:
    """An event of 64 keys still fits into a message; no public key is in it."""
    made = [PrivateKey(hashlib.sha256(b"%d" % number).digest()) for number in range(64)]
    keys = [a_key(key, KeyState.RETIRED) for key in made]
    stage.arrives("keys", a_set(2, *keys))
    assert len(stage.last("keys_changed")["kids"]) == 64
