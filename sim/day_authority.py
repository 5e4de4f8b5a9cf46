"""The visits of the scripted day that are about who may open what: typed codes, the phone-first way, keys, the clock.

Each visit is a function whose docstring is its title in the report. What the cloud's office or the clock did is undone,
or goes on being right, at the end of a visit; the cabinet is left idle with every door shut.
"""

from __future__ import annotations

from typing import Any

from sim.day_people import WAIT_S, Item, Person
from sim.day_visits import Visit
from sim.demo_codes import Code

WRONG_MAX = 5
"""So many wrong entries lock the keypad; the visits before the one that wants that make fewer in all."""


# --- typed codes ---


def typed_code(person: Person) -> None:
    """A collection by typed code; the same code again opens nothing"""
    item = _put_in(person)
    digits = person.gets_sms(item)
    person.types(digits, "open_collect", door=item.door)
    person.hears("granted", source="keypad", door=item.door)
    person.takes_out(item)
    person.sees("collected", door=item.door)
    person.leaves()
    _mistypes(person, digits)
    person.touches("done")


def mistyped_code(person: Person) -> None:
    """A typed code with a slip: refused, counted, and then typed right on the same screen"""
    item = _put_in(person)
    digits = person.gets_sms(item)
    _mistypes(person, _nobodys(person))
    person.types(digits, "open_collect", door=item.door)
    person.takes_out(item)
    person.sees("collected", door=item.door)
    person.leaves()


def keypad_locks(person: Person) -> None:
    """Wrong codes until the keypad locks; it is offered no more, and a QR code still collects"""
    item = _put_in(person)
    for _ in range(WRONG_MAX):
        person.until(lambda: bool(person.screen.get("digits")), "the keypad")
        person.types(_nobodys(person), "refused")
        if person.screen["reason"] == "keypad_locked":
            break
    person.hears("keypad_locked")
    person.touches("done")
    shown = person.sees("idle", reason="keypad_locked")
    person.is_true(shown["digits"] == 0 and shown["remaining_ms"] > 0, "a locked keypad does not say for how long")
    person.collects(item)


# --- the phone-first way ---


def phone_first(person: Person) -> None:
    """Drop-off by scanning the cabinet's own code; that code again is refused; collected the same way"""
    answer = _scans(person)
    door = int(answer["door"])
    person.sees("open_deposit", door=door)
    order = bytes.fromhex(person.hears("granted", source="cloud", door=door)["data"]["order"]).decode()
    item = person.puts_in(Code("", "", "", order, str(person.events("granted")[-1]["data"]["cti"])), door)
    person.leaves()
    pulses = len(person.street.unlocks())
    refused = _scans(person, "used")
    person.is_true(refused.get("reason") == "nonce", f"a used invitation got {refused}")
    person.hears("denied", reason="nonce")
    person.is_true(len(person.street.unlocks()) == pulses, "a used invitation moved a coil")
    person.rests()
    person.is_true(bool(_scans(person, "now", order)["ok"]), "the item could not be collected by scanning")
    person.sees("open_collect", door=door)
    person.takes_out(item)
    person.leaves()


def power_cut_voids_the_invitation(person: Person) -> None:
    """Power cut after the cabinet's own code was scanned: the grant comes too late and opens nothing"""
    person.until(lambda: bool(person.demo.invited), "an invitation on the screen")
    old = person.demo.phone.nonce("now")
    person.demo.controller.kill()
    person.starts_again()
    pulses = len(person.street.unlocks())
    answer = person.demo.phone.sends_grant(old) or {}
    person.is_true(answer.get("reason") == "nonce", f"an invitation of the run before got {answer}")
    person.is_true(len(person.street.unlocks()) == pulses, "an old invitation moved a coil")


# --- keys and lists ---


def revoked(person: Person) -> None:
    """A code that the cloud takes back: refused from the moment at which the list arrives"""
    code = person.issuer.deposit("S")
    person.demo.office.revoke(code)
    person.hears("revoked_changed", version=person.demo.office.list_version)
    person.is_refused(code, "revoked")


def rotated(person: Person) -> None:
    """The residents' key is changed with an overlap: no gap, and the old key's codes die when it is retired"""
    early, late = person.issuer.deposit("S"), person.issuer.deposit("S")
    _office(person, "next")
    person.drops_off(early)
    person.leaves()
    _office(person, "switch")
    person.drops_off(person.issuer.deposit("S"))
    person.leaves()
    _office(person, "retire")
    person.is_refused(late, "key_retired")
    person.drops_off(person.issuer.deposit("S"))
    person.leaves()


def cut_off(person: Person) -> None:
    """Every code up to now is cut off: an old one is refused, a new one opens"""
    old = person.issuer.deposit("S")
    person.demo.office.cut_off()
    person.hears("keys_changed", version=person.demo.office.version)
    person.is_refused(old, "cut_off")
    person.drops_off(person.issuer.deposit("S"))
    person.leaves()


def rolled_back(person: Person) -> None:
    """An older key set is delivered again: refused, and the newer one stays in force"""
    code = person.issuer.deposit("S")
    person.demo.office.roll_back()
    person.hears("keys_refused", reason="rollback")
    person.drops_off(code)
    person.leaves()


# --- the clock ---


def clock_back(person: Person) -> None:
    """The clock is set back a year: an expired code stays dead, a used one stays used, a good one works"""
    used = _put_in(person).code
    person.demo.clock.turn("back")
    person.hears("clock_changed")
    person.is_refused(person.issuer.odd("expired"), "expired")
    person.is_refused(used, "spent")
    person.drops_off(person.issuer.deposit("S"))
    person.leaves()
    _set_right(person)


def clock_forward(person: Person) -> None:
    """The clock is set forward ten years and right again: refused meanwhile, and nothing dead has come to life"""
    used, code = _put_in(person).code, person.issuer.deposit("S")
    person.demo.clock.turn("forward")
    person.hears("clock_changed")
    person.is_refused(code, "key_not_valid")
    _set_right(person)
    person.is_refused(used, "spent")
    person.drops_off(code)
    person.leaves()


def clock_lost(person: Person) -> None:
    """The time server is lost and then the clock is set back: the cabinet goes on by its own count"""
    person.demo.clock.turn("lost")
    person.is_true(person.hears("clock_changed")["data"]["after"] == "hold", "the time is not held")
    person.demo.clock.turn("back")
    person.is_refused(person.issuer.odd("expired"), "expired")
    item = person.drops_off(person.issuer.deposit("S"))
    person.leaves()
    person.collects(item)
    _set_right(person)


def wakes_in_the_past(person: Person) -> None:
    """Power cut, and the clock wakes up a year ago: an expired code stays dead, residents are served"""
    item = _put_in(person)
    person.demo.clock.turn("woke")
    person.demo.controller.kill()
    person.starts_again()
    quality = person.hears("board_back")["quality"]
    person.is_true(quality == "floor", f"a clock that woke up in the past is held to be {quality}")
    person.is_refused(person.issuer.odd("expired"), "expired")
    person.is_refused(item.code, "spent")
    person.collects(item)
    _set_right(person)


# --- inside ---


def _put_in(person: Person) -> Item:
    item = person.drops_off(person.issuer.deposit("S"))
    person.leaves()
    return item


def _nobodys(person: Person) -> str:
    """Digits that are no item's code."""
    taken = set(person.demo.phone.all_codes().values())
    return next(digits for digits in (f"{number:06d}" for number in range(1000)) if digits not in taken)


def _mistypes(person: Person, digits: str) -> None:
    """Type digits that are nobody's: refused, counted, no coil moves."""
    pulses = len(person.street.unlocks())
    person.types(digits, "refused", reason="wrong_code")
    person.hears("code_wrong")
    person.is_true(len(person.street.unlocks()) == pulses, "a wrong code moved a coil")


def _scans(person: Person, how: str = "now", order: str = "") -> dict[str, Any]:
    """Scan the cabinet's own code; the answer."""
    person.until(lambda: bool(person.demo.invited), "an invitation on the screen")
    answer = person.demo.phone.scan(how, order)
    person.is_true(answer is not None, f"no answer within {WAIT_S} s")
    return answer or {}


def _office(person: Person, step: str) -> None:
    """One step of a rotation; the cabinet says that it took it."""
    person.demo.office.rotate(step)
    person.hears("keys_changed", version=person.demo.office.version)


def _set_right(person: Person) -> None:
    """The clock is right again, and the cabinet believes it."""
    before = len(person.events("clock_changed"))
    person.demo.clock.turn("right")
    person.is_true(
        person.demo.cloud.wait_for(lambda: len(person.events("clock_changed")) > before, WAIT_S), "a jump was not told"
    )
    person.is_true(person.events("clock_changed")[-1]["data"]["after"] == "synced", "a good clock is not believed")


AUTHORITY: list[Visit] = [
    typed_code,
    mistyped_code,
    phone_first,
    revoked,
    rotated,
    cut_off,
    rolled_back,
    clock_back,
    clock_forward,
    clock_lost,
]
"""Every visit of this file that needs no restart; but ``keypad_locks``, which comes last of all."""

AUTHORITY_CUTS: list[Visit] = [power_cut_voids_the_invitation, wakes_in_the_past]
"""Those with a power cut."""
