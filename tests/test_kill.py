"""kill -9 at named and random moments of a visit: no door moves by itself, no event is lost, the resident can finish.

The process is the real one; what is judged is what the board's far side, the doors and the cloud saw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest
from process_rig import Rig

from locker.clock import boot_ms
from sim.day_people import Item, Person
from sim.demo_codes import Code

SEED = 20_250_612
SHUT, OPEN, DONE = "shut", "open", "done"
SLOW_DOOR_MS = 400
SLOW_REPLY_MS = 2000
"""So long the driver waits for a board's answer here: it keeps the wire busy for as long as a test needs that."""


class Shared:
    """One cabinet for all tests of this file, as long as each leaves it as it found it: idle and every door shut."""

    def __init__(self, make: Callable[[], Rig]) -> None:
        self._make = make
        self._rig: Rig | None = None

    @contextmanager
    def lent(self) -> Iterator[Rig]:
        """The cabinet, switched on. After a failure it is ended, and the next test gets another one."""
        rig, self._rig = self._rig, None
        with ExitStack() as unless_well:
            if rig is None:
                rig = self._make()
                unless_well.callback(rig.close)
                rig.power_on()
            else:
                unless_well.callback(rig.close)
            yield rig
            unless_well.pop_all()
            self._rig = rig

    def close(self) -> None:
        """End it."""
        if self._rig is not None:
            self._rig.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """One cabinet, made when it is first wanted, and made anew after a test that failed."""

    def make() -> Rig:
        return Rig(tmp_path_factory.mktemp("cabinet"), seed=SEED, settings={"boards": f"reply_ms = {SLOW_REPLY_MS}"})

    one = Shared(make)
    yield one
    one.close()


# --- named moments --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of a drop-off. ``reach`` returns at it; ``pulses`` have reached the board by then, None: it may vary.

    ``finds`` is how the door may stand when the power is back: SHUT (the code is shown again), OPEN (papers in, push it
    shut), DONE (shut, and the drop-off is in the books).
    """

    sentence: str
    reach: Callable[[Person], Code]
    pulses: int | None
    finds: tuple[str, ...]


def half_the_code(person: Person) -> Code:
    """The scanner says the code byte by byte; half of it is on the wire."""
    code = person.issuer.deposit("S")
    return _says(person, code, len(code.text) // 2)


def the_last_byte(person: Person) -> Code:
    """The scanner says the code byte by byte; its last byte is on the wire."""
    code = person.issuer.deposit("S")
    return _says(person, code, 2 * len(code.text))


def _says(person: Person, code: Code, byte: int) -> Code:
    """Let the scanner say a code at the pace of its wire, until this byte has left (960 of them a second)."""
    scanner, begun_ms = person.street.scanner, boot_ms()
    scanner.paced = True
    person.street.hold(code.text)
    person.until(lambda: (scanner.deadline_ms() or begun_ms + 60_000) > begun_ms + byte, f"byte {byte} of the code")
    return code


def granted_on_disk(person: Person) -> Code:
    """The wire is busy, so the pulse must wait; what allows it is committed (the cloud has it, which comes after)."""
    code, street = person.issuer.deposit("S"), person.street
    with street.changed:
        street.board.mute_replies = 1_000_000
        asked = len(street.board.received)
    person.until(lambda: len(street.board.received) > asked, "a question that gets no answer")
    street.hold(code.text)
    person.hears("granted", cti=code.cti)
    return code


def frame_arrives(person: Person) -> Code:
    """The unlock frame has just reached the board."""
    code = person.issuer.deposit("S")
    _until_pulsed(person, lambda: person.street.hold(code.text))
    return code


def _until_pulsed(person: Person, do: Callable[[], None]) -> None:
    before = len(person.street.unlocks())
    do()
    person.until(lambda: len(person.street.unlocks()) > before, "the unlock frame")


def hook_holds(person: Person) -> Code:
    """The coil has fired, the hook held, and the cabinet rests before it tries again."""
    door = person.free_door("S")
    person.street.jam(door, 1)
    code = person.issuer.deposit("S", door=door)
    person.street.hold(code.text)
    person.hears("not_opened", door=door)
    return code


def opening(person: Person) -> Code:
    """The board has said "ok", the door is slow, and its switch has been asked three times since."""
    door, street = person.free_door("S"), person.street
    street.body.open_late(street.doors[door], SLOW_DOOR_MS)
    code = person.issuer.deposit("S", door=door)
    _until_pulsed(person, lambda: street.hold(code.text))
    asked = len(street.board.received)
    person.until(lambda: len(street.board.received) >= asked + 3 or street.is_open(door), "three questions")
    person.is_true(not street.is_open(door), "the door was faster than three questions")
    return code


def sprung_open(person: Person) -> Code:
    """The door has just sprung open; its switch has not come to rest."""
    door = person.free_door("S")
    code = person.issuer.deposit("S", door=door)
    person.street.hold(code.text)
    person.until(lambda: person.street.is_open(door), f"door {door} to open")
    return code


def seen_open(person: Person) -> Code:
    """The door has just been seen open, and the cloud has been told."""
    code = person.issuer.deposit("S")
    person.street.hold(code.text)
    person.hears("opened", cti=code.cti)
    return code


def papers_in(person: Person) -> Code:
    """The door stands open, the papers lie in it."""
    code = person.issuer.deposit("S")
    door = int(person.presents(code, "open_deposit")["door"])
    person.until(lambda: person.street.is_open(door), f"door {door} to open")
    person.street.put(door, code.order)
    return code


def pushed_shut(person: Person) -> Code:
    """The door has just been pushed shut; nobody has seen that."""
    code = papers_in(person)
    person.shuts(int(person.screen["door"]))
    return code


def in_the_grace(person: Person) -> Code:
    """The door was seen shut; "open again" and "done" are on the screen."""
    code = person.issuer.deposit("S")
    person.drops_off(code)
    return code


def reopening(person: Person) -> Code:
    """The resident has pressed "open again", and the second unlock frame has just reached the board."""
    code = in_the_grace(person)
    _until_pulsed(person, lambda: person.touches("reopen"))
    return code


def broker_away(person: Person) -> Code:
    """The network went before the code was shown; the door is open with the papers in it, the cloud knows nothing."""
    person.demo.cable.unplug()
    return papers_in(person)


MOMENTS = [
    Moment("before the scan is complete", half_the_code, 0, (SHUT,)),
    Moment("right after the scan's last byte", the_last_byte, None, (SHUT, OPEN)),
    Moment("between commit and pulse", granted_on_disk, 0, (SHUT,)),
    Moment("as the unlock frame arrives", frame_arrives, 1, (OPEN,)),
    Moment("between two pulses of a jammed door", hook_holds, 1, (SHUT,)),
    Moment("while the door is opening", opening, 1, (OPEN,)),
    Moment("as the door springs open", sprung_open, 1, (OPEN,)),
    Moment("just seen open", seen_open, 1, (OPEN,)),
    Moment("with the door open and the papers in it", papers_in, 1, (OPEN,)),
    Moment("just shut", pushed_shut, 1, (DONE,)),
    Moment("in the grace after it was seen shut", in_the_grace, 1, (DONE,)),
    Moment("as it is opened again", reopening, 2, (OPEN,)),
    Moment("with the broker away", broker_away, 1, (OPEN,)),
]


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.sentence)
def test_a_kill_moves_no_door_loses_no_event_and_costs_nobody_their_code(shared: Shared, moment: Moment) -> None:
    """Killed at this moment and started again, nothing moves; the same code finishes at the same door, once."""
    with shared.lent() as rig:
        killed_at(rig, moment)


def killed_at(rig: Rig, moment: Moment) -> None:
    """A drop-off with a kill in it, and the collection after it."""
    rig.person.begin()
    before = rig.pulses
    code = moment.reach(rig.person)
    rig.cut()
    assert moment.pulses in (None, rig.pulses - before), "the moment was missed"
    healed(rig)
    rig.start_again()
    assert len(rig.person.events("interrupted")) == len(rig.of(code, "granted")), "the visit in progress is closed"
    found, pulses = as_found(rig, code), rig.pulses
    assert found in moment.finds
    item = finished(rig, code)
    rig.person.is_refused(code, "spent")
    rig.person.collects(item)
    assert rig.pulses == pulses + (found == SHUT) + 1, "one for the code shown again, one for the collection"
    rig.sound()


def healed(rig: Rig) -> None:
    """Whatever a moment did to the wires and the doors is undone."""
    street = rig.street
    with street.changed:
        street.board.mute_replies, street.scanner.paced = 0, False
        for channel in street.doors.values():
            street.body.open_late(channel, 0)
    rig.cable.plug()


def as_found(rig: Rig, code: Code) -> str:
    """How the resident finds the door after the start."""
    if any(rig.street.is_open(door) for door in rig.street.doors):
        return OPEN
    return DONE if "deposited" in rig.told(code) else SHUT


def finished(rig: Rig, code: Code) -> Item:
    """The resident finishes the drop-off, at the door that the code was granted, if it was."""
    person, found = rig.person, as_found(rig, code)
    doors = {event["door"] for event in rig.of(code, "granted")}
    if found == SHUT:
        doors.add(int(person.presents(code, "open_deposit")["door"]))
    assert len(doors) == 1, f"one code, two doors: {doors}"
    door = doors.pop()
    item = person.knows(code, door) if found == DONE else person.puts_in(code, door)
    person.rests()
    person.is_true(rig.street.papers(door) == [code.order], "the papers lie behind the code's door")
    return item
