"""Who comes on the recorded day, and what they do: each visit a story, all of them together a day.

A day is a function of a ``Recorder``: it runs something against the database in the recorder's folder and returns when
everything that is to be recorded has happened. Knows people, tokens and the root's documents. Must never look into the
database.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from locker.authority import keyset
from locker.authority.ed25519 import PublicKey
from locker.authority.issue import issue
from locker.authority.issue_set import make_revocation, make_set
from locker.authority.keys import IssuerKey
from locker.model import Purpose, Size
from locker.service import Service
from sim.disk import Recorder
from sim.disk_day import EPOCH_MS, ID, DiskCabinet, MakeStore, key, open_store

_YEAR_S = 365 * 86_400
_STAFF = frozenset((Purpose.STAFF, Purpose.TECHNICIAN))
_EPOCH_S = EPOCH_MS // 1000


class People:
    """Residents, staff and the cloud at one cabinet."""

    def __init__(self, cabinet: DiskCabinet) -> None:
        """Nobody has come yet."""
        self.cabinet = cabinet
        self.issued, self._commands = 0, 0

    # --- codes and documents ----------------------------------------------------------------------

    def code(self, purpose: Purpose, order: str = "", **given: Any) -> str:
        """A token as the cloud would issue it now."""
        self.issued += 1
        seconds = self.cabinet.now.wall_ms // 1000
        staff = purpose in _STAFF
        values: dict[str, Any] = {
            "key": key("staff" if staff else "residents"),
            "aud": ID,
            "purpose": purpose,
            "iat": seconds - 5,
            "exp": seconds + 3600,
            "cti": hashlib.sha256(b"disk cti %d" % self.issued).digest()[:16],
            "order": order.encode(),
        }
        return issue(**(values | ({"sub": "staff-7"} if staff else {}) | given))

    def brings_keys(self, version: int) -> None:
        """The root's key set arrives, retained."""
        self.cabinet.link.send("keys", key_set(version), retained=True)
        self.cabinet.runs(300)

    def revokes(self, version: int, number: int) -> None:
        """The root revokes the token that was issued as this number."""
        cti = hashlib.sha256(b"disk cti %d" % number).digest()[:16]
        raw = make_revocation(key("root"), version, _EPOCH_S - 60, {cti: _EPOCH_S + 86_400})
        self.cabinet.link.send("revoked", raw, retained=True)
        self.cabinet.runs(300)

    def commands(self, op: str, **fields: Any) -> None:
        """The cloud sends a command."""
        self._commands += 1
        exp = self.cabinet.now.wall_ms // 1000 + 30
        body = {"v": 1, "id": f"c{self._commands}", "op": op, "exp": exp} | fields
        self.cabinet.link.send("cmd", json.dumps(body).encode())
        self.cabinet.runs(300)

    # --- visits -----------------------------------------------------------------------------------

    def opens(self, text: str) -> int:
        """Show a code and wait for a door; which one opened."""
        cabinet = self.cabinet
        before = {door for door in range(1, 7) if cabinet.is_open(door)}
        cabinet.holds(text)

        def opened() -> set[int]:
            return {door for door in range(1, 7) if cabinet.is_open(door)} - before

        cabinet.runs(20_000, lambda: bool(opened()))
        assert opened(), f"no door opened: {cabinet.shown}"
        return opened().pop()

    def drops_off(self, order: str, **given: Any) -> int:
        """A whole drop-off; the door it lies behind."""
        door = self.opens(self.code(Purpose.DEPOSIT, order, **given))
        self.cabinet.body.put_papers(door - 1, order, self.cabinet.ms)
        self.cabinet.shuts(door)
        self.leaves()
        return door

    def collects(self, order: str) -> str:
        """A whole collection; the code that is spent now."""
        text = self.code(Purpose.COLLECT, order)
        door = self.opens(text)
        self.cabinet.body.take_papers(door - 1, self.cabinet.ms)
        self.cabinet.shuts(door)
        self.leaves()
        return text

    def leaves(self) -> None:
        """Press "done"."""
        self.cabinet.touches("done")
        self.cabinet.runs(1500)

    def is_refused(self, text: str) -> None:
        """Show a code that is good for nothing."""
        self.cabinet.holds(text)
        assert self.cabinet.shown.reason, f"nobody was refused: {self.cabinet.shown}"
        self.cabinet.runs(13_000)

    def wants_larger(self, order: str) -> int:
        """A drop-off that needs a larger compartment than the first."""
        door = self.opens(self.code(Purpose.DEPOSIT, order, size=Size.S))
        self.cabinet.runs(1000)
        self.cabinet.touches("larger")
        self.cabinet.shuts(door)
        self.cabinet.runs(20_000, lambda: any(self.cabinet.is_open(other) for other in range(1, 7)))
        larger = next(other for other in range(1, 7) if self.cabinet.is_open(other))
        self.cabinet.shuts(larger)
        self.leaves()
        return larger

    def opens_again(self, order: str) -> None:
        """A drop-off, opened once more and shut again."""
        door = self.opens(self.code(Purpose.DEPOSIT, order))
        self.cabinet.shuts(door)
        self.cabinet.touches("reopen")
        self.cabinet.runs(20_000, lambda: self.cabinet.is_open(door))
        self.cabinet.shuts(door)
        self.leaves()

    def puts_nothing_in(self, order: str) -> None:
        """A drop-off of nothing."""
        door = self.opens(self.code(Purpose.DEPOSIT, order))
        self.cabinet.runs(1000)
        self.cabinet.touches("nothing")
        self.cabinet.shuts(door)
        self.cabinet.runs(14_000)

    def finds_it_jammed(self, order: str) -> None:
        """A collection whose door does not open; the second time it does, with the same code."""
        door = self.drops_off(order)
        self.cabinet.body.jam(door - 1)
        text = self.code(Purpose.COLLECT, order)
        self.cabinet.holds(text)
        self.cabinet.runs(60_000, lambda: self.cabinet.shown.name == "jammed")
        self.cabinet.body.jam(door - 1, 0)
        self.cabinet.runs(60_000)
        again = self.opens(text)
        assert again == door, f"the same code opened {again}, not {door}"
        self.cabinet.shuts(door)
        self.leaves()

    def staff_takes_out(self, door: int) -> None:
        """Staff opens a named door and says what became of the item."""
        assert self.opens(self.code(Purpose.STAFF, door=door)) == door
        self.cabinet.body.take_papers(door - 1, self.cabinet.ms)
        self.cabinet.shuts(door)
        if "took_out" in self.cabinet.shown.offers:
            self.cabinet.touches("took_out")
        self.cabinet.runs(1500)

    def goes_on_after_a_cut(self, order: str) -> None:
        """The power goes while the door is open; after it the person shuts the door, and the deposit counts."""
        door = self.opens(self.code(Purpose.DEPOSIT, order))
        self.cabinet.dies()
        self.cabinet.boot()
        self.cabinet.shuts(door)
        self.cabinet.runs(2000)
        self.leaves()


def key_set(version: int) -> bytes:
    """The root's set: a key for residents and one for staff."""
    first_s, last_s = _EPOCH_S - _YEAR_S, _EPOCH_S + _YEAR_S
    owners = (("residents", keyset.RESIDENTS), ("staff", _STAFF))
    keys = [
        IssuerKey(PublicKey(key(owner).public), purposes, not_before=first_s, not_after=last_s)
        for owner, purposes in owners
    ]
    return make_set(key("root"), version, _EPOCH_S - 60 + version, keys)


def two_visits(recorder: Recorder, make_store: MakeStore = open_store, make_service: type[Service] = Service) -> None:
    """A new cabinet, its keys, one drop-off and its collection."""
    cabinet = DiskCabinet(recorder, make_store, make_service)
    people = People(cabinet)
    cabinet.boot()
    people.brings_keys(1)
    people.drops_off("A1")
    people.collects("A1")
    cabinet.dies()


def whole_day(recorder: Recorder, make_store: MakeStore = open_store, make_service: type[Service] = Service) -> None:
    """Everybody: residents, staff, the cloud, the root, people who are refused, a jam, two restarts and two cuts."""
    cabinet = DiskCabinet(recorder, make_store, make_service)
    people = People(cabinet)
    cabinet.boot()
    people.brings_keys(1)
    first = _morning(people)
    cabinet.stops()
    cabinet.ms += 60_000
    cabinet.boot()
    _afternoon(people, first)
    cabinet.link.plug(False)
    people.collects("A3")
    cabinet.dies()
    cabinet.boot()
    people.commands("service", args={"door": 6, "in_service": True})
    people.collects("A4")
    people.collects("A6")
    cabinet.body.force(4, cabinet.ms)
    cabinet.runs(3000)
    cabinet.shuts(5)
    cabinet.stops()


def _morning(people: People) -> int:
    """Residents, two commands, a cut at an open door and a jam; a door behind which something lies."""
    people.drops_off("A1")
    spent = people.collects("A1")
    people.is_refused(spent)
    people.is_refused("https://example.org")
    first = people.drops_off("A2", low=True)
    people.wants_larger("A3")
    people.opens_again("A4")
    people.puts_nothing_in("A5")
    people.commands("service", args={"door": 6, "in_service": False})
    people.commands("dance")
    people.goes_on_after_a_cut("A6")
    people.finds_it_jammed("A7")
    return first


def _afternoon(people: People, first: int) -> None:
    """Staff, a new set, a revocation, and a door that the cloud opens with a grant."""
    cabinet = people.cabinet
    people.brings_keys(2)
    people.staff_takes_out(first)
    revoked = people.code(Purpose.COLLECT, "A3")
    people.revokes(1, people.issued)
    people.is_refused(revoked)
    people.commands("open", grant=people.code(Purpose.STAFF, door=first))
    cabinet.runs(3000, lambda: cabinet.is_open(first))
    cabinet.shuts(first)
    cabinet.runs(2000)
