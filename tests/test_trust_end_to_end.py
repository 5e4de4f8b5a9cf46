"""Key set and revocation list, from the broker to the lock: the real process, real wires, the embedded broker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from process_rig import Rig

from sim.demo_codes import Code
from sim.demo_site import CABINET


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A cabinet that is switched on with a root in its configuration and no key at all."""
    with Rig(tmp_path, keys=False) as made:
        made.power_on()
        yield made


def is_refused(rig: Rig, code: Code, reason: str) -> None:
    """Show a code: refused for this reason, and no lock is pulsed."""
    rig.person.begin()
    pulses = rig.pulses
    rig.street.hold(code.text)
    rig.person.hears("denied", reason=reason)
    assert rig.pulses == pulses


def test_what_the_root_says_arrives_holds_and_survives_a_power_cut(rig: Rig) -> None:
    """No set: refused. A set: the same code opens. Revoked: refused. Kill -9, no broker: still both."""
    code, lost = rig.issuer.deposit("S"), rig.issuer.deposit("S")
    is_refused(rig, code, "unknown_key")
    rig.person.begin()
    rig.office.deliver()
    assert rig.person.hears("keys_changed")["data"]["version"] == 1
    rig.person.sees("idle")
    item = rig.person.drops_off(code)
    rig.person.leaves()
    rig.office.revoke(lost)
    rig.person.hears("revoked_changed", count=1)
    is_refused(rig, lost, "revoked")
    rig.settled()
    rig.cut()
    rig.cable.unplug()
    settings = len(rig.street.scanner.writes)
    rig.controller.power_on()
    rig.ready()
    rig.reads(after=settings)
    before, number = len(rig.on_disk()), rig.person.screen["number"]
    rig.street.hold(lost.text)
    rig.person.until(lambda: any(b'"revoked"' in body for _, body in rig.on_disk()[before:]), "the refusal on the disk")
    rig.person.until(lambda: rig.person.screen.get("number", 0) > number, "the refusal on the screen")
    rig.person.sees("idle")
    rig.person.collects(item)
    rig.cable.plug()
    rig.person.hears("collected", order=item.order.encode().hex())
    kinds = [event["type"] for event in rig.cloud.events(CABINET)]
    assert (kinds.count("keys_changed"), kinds.count("revoked_changed")) == (1, 1), "the retained copies wrote nothing"
    rig.sound()
