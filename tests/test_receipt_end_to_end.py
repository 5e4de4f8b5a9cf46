"""A receipt from the door that shuts to the clerk who checks it: the real process, the commands, nothing in between."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from process_rig import Rig

from locker.device import KEY_FILE
from sim.demo_site import CABINET

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A cabinet, still dark."""
    folder = tmp_path / "cabinet"
    folder.mkdir()
    with Rig(folder) as made:
        yield made


def locker(*words: str | Path) -> subprocess.CompletedProcess[bytes]:
    """Run a command as somebody at a terminal would."""
    return subprocess.run([sys.executable, "-m", "locker", *map(str, words)], cwd=ROOT, capture_output=True)


def checked(rig: Rig, carrier: dict[str, Any], folder: Path) -> str:
    """What ``locker receipt verify`` says of an event's receipt, with a log that is exported while the cabinet runs."""
    export = folder / "export.jsonl"
    told = locker("log", "export", rig.site.folder / "locker.db")
    assert told.returncode == 0, told.stderr
    export.write_bytes(told.stdout)
    public = locker("device", "show", rig.site.folder).stdout.decode().split()[1]
    assert rig.cloud.view(CABINET).info["public_key"] == public
    told = locker("receipt", "verify", carrier["data"]["receipt"], "--public", public, "--log", export)
    assert told.returncode == 0, told.stdout.decode()
    return told.stdout.decode()


def test_the_receipt_of_a_drop_off_is_verified_against_key_and_live_log(rig: Rig, tmp_path: Path) -> None:
    """Scan, door, papers, shut: the event's text is the screen's, the command finds it genuine and the log agrees."""
    rig.power_on()
    item = rig.person.drops_off(rig.issuer.deposit("S"))
    carrier = rig.person.hears("receipt", order=item.order.encode().hex())
    (deposited,) = rig.of(item.code, "deposited")
    assert (carrier["seq"], carrier["after"]) == (deposited["seq"] + 1, deposited["seq"])
    rig.person.until(lambda: bool(rig.person.screen.get("receipt")), "the receipt on the screen")
    assert rig.person.screen["receipt"] == carrier["data"]["receipt"]
    told = checked(rig, carrier, tmp_path)
    for part in (CABINET, f"({item.order})", f"door      {item.door}\n", f"row {deposited['seq']}, and every row"):
        assert part in told
    rig.person.leaves()
    assert rig.person.screen["receipt"] == ""
    rig.sound()


def test_a_drop_off_that_a_power_cut_broke_off_has_one_when_it_is_found_shut(rig: Rig, tmp_path: Path) -> None:
    """Cut with the door open, shut in the dark: the next start settles the deposit and signs for it."""
    rig.power_on()
    code = rig.issuer.deposit("S")
    door = int(rig.person.presents(code, "open_deposit")["door"])
    rig.person.until(lambda: rig.street.is_open(door), "the door to open")
    rig.street.put(door, code.order)
    rig.cut()
    rig.person.shuts(door)
    rig.start_again()
    carrier = rig.person.hears("receipt", order=code.order.encode().hex())
    assert f"door      {door}\n" in checked(rig, carrier, tmp_path)
    assert rig.person.screen["receipt"] == ""
    rig.person.collects(rig.person.knows(code, door))
    rig.sound()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (Path.unlink, "make it with `locker device provision`"),
        (lambda key: key.chmod(0o640), "mode 0640 lets others at it"),
        (lambda key: key.write_text("nothing"), "run `locker device provision`"),
    ],
    ids=["missing", "readable", "damaged"],
)
def test_without_a_usable_key_residents_are_served_all_the_same(rig: Rig, spoil: Any, why: str) -> None:
    """An event and a line of the log say at the start what is missing and what to do; deposits have no receipt."""
    spoil(rig.site.folder / KEY_FILE)
    rig.person.begin()
    rig.power_on()
    off = rig.person.hears("receipts_off")
    assert KEY_FILE in off["data"]["detail"] and why in off["data"]["detail"]
    assert f"WARNING locker no deposit receipts: {off['data']['detail']}" in rig.site.log_file.read_text("utf-8")
    assert rig.cloud.view(CABINET).info["public_key"] == ""
    item = rig.person.drops_off(rig.issuer.deposit("S"))
    rig.person.leaves()
    rig.person.collects(item)
    assert rig.person.events("receipt") == []
    rig.sound()
