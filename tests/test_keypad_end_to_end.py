"""A pick-up code from the SMS to the open door: the real process, its panel socket, the cloud's own arithmetic."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from process_rig import Rig

from locker.device import SECRET_FILE

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A cabinet, still dark."""
    folder = tmp_path / "cabinet"
    folder.mkdir()
    with Rig(folder) as made:
        yield made


def sms(rig: Rig, load: int) -> str:
    """The code of a load, as the command computes it for an office without a cloud."""
    secret = str(rig.site.folder / SECRET_FILE)
    words = [sys.executable, "-m", "locker", "pickup", "code", "--secret-file", secret, "--counter", str(load)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, check=True).stdout.decode().strip()


def types(rig: Rig, digits: str, *screens: str, reason: str = "") -> None:
    """Type on the screen that is shown now, once its keypad is open, and wait for what it says to that."""
    rig.person.until(lambda: rig.person.screen.get("digits") == len(digits), "the keypad")
    number = rig.person.screen["number"]
    rig.street.type_code(digits, number)
    rig.person.until(lambda: rig.person.screen.get("number") != number, "an answer to what was typed")
    rig.person.sees(*screens, reason=reason)


def test_a_code_that_is_typed_opens_the_door_of_its_item_once(rig: Rig) -> None:
    """Drop-off, event with the load, kill -9, wrong code, right code, door open, papers out; the code is dead then."""
    rig.power_on()
    item = rig.person.drops_off(rig.issuer.deposit("S"))
    rig.person.leaves()
    deposited = rig.person.hears("deposited", order=item.order.encode().hex())
    code = sms(rig, deposited["data"]["load"])
    rig.restarted()
    types(rig, f"{(int(code) + 1) % 10**6:06d}", "refused", reason="wrong_code")
    pulses = rig.pulses
    types(rig, code, "open_collect")
    rig.person.takes_out(item)
    rig.person.sees("collected", door=item.door)
    rig.person.leaves()
    assert rig.pulses == pulses + 1
    opened = rig.person.hears("opened", door=item.door, source="keypad")
    assert opened["data"]["order"] == item.order.encode().hex()
    types(rig, code, "refused", reason="wrong_code")
    assert rig.pulses == pulses + 1
    rig.sound()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (Path.unlink, "make it with `locker device provision`"),
        (lambda secret: secret.chmod(0o640), "mode 0640 lets others at it"),
        (lambda secret: secret.write_text("nothing"), "run `locker device provision`"),
    ],
    ids=["missing", "readable", "damaged"],
)
def test_without_a_usable_secret_residents_are_served_all_the_same(rig: Rig, spoil: Any, why: str) -> None:
    """An event and a line of the log say at the start what is missing and what to do; no screen has a keypad."""
    spoil(rig.site.folder / SECRET_FILE)
    rig.person.begin()
    rig.power_on()
    off = rig.person.hears("pickup_off")
    assert SECRET_FILE in off["data"]["detail"] and why in off["data"]["detail"]
    assert f"WARNING locker no pick-up codes: {off['data']['detail']}" in rig.site.log_file.read_text("utf-8")
    assert rig.person.screen["digits"] == 0
    item = rig.person.drops_off(rig.issuer.deposit("S"))
    rig.person.leaves()
    deposited = rig.person.hears("deposited", order=item.order.encode().hex())
    assert "load" not in deposited["data"]
    rig.person.collects(item)
    rig.sound()
