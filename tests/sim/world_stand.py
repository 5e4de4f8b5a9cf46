"""A scene made by hand for the checks of the world: what a world would do, one step at a time.

A disk with rows (by the production store), a street with doors, a register of tokens, a cloud's books, and all checks
looking on. Nothing here judges.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from locker.messages import seal_event
from locker.model import CompartmentRow, Custody, KeepCompartment, KeepToken, Now, Purpose, Record, Show, UsedToken
from locker.store import Store
from sim.cloud_log import read
from sim.world.archive import Archive
from sim.world.checks_reports import Checks
from sim.world.plan import Site
from sim.world.scene import Breach, Check, Scene, Trouble
from sim.world.site import WALL_MS, Issued, Register
from sim.world.street import Order, Reading, Street, Swing


class Stand:
    """A scene made by hand, with the ten checks and ``more`` looking on."""

    def __init__(self, folder: Path, more: Sequence[type[Check]] = (), boards: int = 1) -> None:
        self.ms = 1_000_000
        self.site = Site(doors=6 * boards, boards=boards)
        self.street = Street(self.site, 1, lambda: self.ms)
        self.store = Store.at(folder / "locker.db", "boot", "epoch")
        self.archive, self.register = Archive(folder / "locker.db"), Register(1)
        trouble = Trouble(lambda: self.ms)
        self.scene = Scene(self.site, lambda: self.ms, self.street, self.archive, self.register, trouble)
        self.scene.up = True
        self.checks = Checks(self.scene, more)
        self.serial = 0
        self.row("started")

    # --- what a world would do --------------------------------------------------------------------

    def row(self, kind: str, door: int = 0, **data: Any) -> None:
        """The program commits an event, and the checks read it."""
        self.commit(kind, door, Now(self.ms, WALL_MS + self.ms), **data)

    def commit(self, kind: str, door: int, now: Now, **data: Any) -> None:
        """The same at a time that the program believes it to be."""
        self.store.commit([Record(kind, door, data)], now)
        self.told()

    def told(self) -> None:
        """The checks read what is new on the disk."""
        rows = self.archive.rows(self.ms)
        for row in rows:
            self.scene.story.take(row)
            self.checks.tell("row", row)
        self.checks.tell("rows", rows)

    def token(self, purpose: Purpose = Purpose.DEPOSIT, order: str = "A1", **more: Any) -> Issued:
        """The cloud issues a token."""
        self.serial += 1
        return self.register.make(self.serial, (WALL_MS + self.ms) // 1000, purpose, order=order, **more)

    def claim(self, token: Issued, door: int, spent: bool = False) -> None:
        """The program claims or spends it on the disk."""
        row = UsedToken(bytes.fromhex(token.cti), token.order.encode(), door, token.purpose, token.exp, spent)
        self.store.commit([KeepToken(row)], Now(self.ms, WALL_MS + self.ms))

    def believes(self, door: int, state: str) -> None:
        """The program keeps a compartment's state."""
        self.store.commit([KeepCompartment(CompartmentRow(door, state))], Now(self.ms, WALL_MS + self.ms))

    def reserves(self, custody: Custody = Custody.RESERVED) -> None:
        """The program keeps door 1 for order A1, and the other five are empty."""
        for door in range(1, 7):
            held = (custody, b"A1") if door == 1 else (Custody.EMPTY, b"")
            kept = KeepCompartment(CompartmentRow(door, "closed", *held))
            self.store.commit([kept], Now(self.ms, WALL_MS + self.ms))

    def invited(self, nonce: bytes) -> None:
        """The screen shows the cabinet's own code with this nonce."""
        self.checks.tell("showed", Show("idle", 1, invite=f"https://example.org/x?n={nonce.hex()}"))

    def reads(self, *masks: int) -> None:
        """Status replies reach the machine."""
        for mask in masks:
            self.street.taps[0].readings.append(Reading(self.ms, mask))

    def fields(self, token: Issued, **more: Any) -> dict[str, Any]:
        """What events say of an authority."""
        found = {"purpose": token.purpose.name.lower(), "cti": token.cti, "order": token.order.encode().hex()}
        found |= {"by": "staff-7"} if token.purpose in (Purpose.STAFF, Purpose.TECHNICIAN) else {}
        return found | {"source": "scanner"} | more

    def grant(self, token: Issued, door: int = 1, **more: Any) -> None:
        """A code is shown and granted."""
        self.scene.shown.setdefault(token.cti, self.ms)
        self.claim(token, door)
        self.row("granted", door, **self.fields(token, **more))

    def order(self, door: int = 1, channel: int | None = None) -> None:
        """An unlock order leaves the machine."""
        channel = door - 1 if channel is None else channel
        self.checks.tell("ordered", Order(self.ms, door, 0, channel))

    def opens(self, token: Issued, door: int = 1, swing: bool = True) -> None:
        """The door springs open, is read twice, and said to be open."""
        if swing:
            self.street.bodies[0].force(door - 1, self.ms)
            self.checks.tell("swung", Swing(self.ms, door, True, "coil"))
        self.reads(1 << (door - 1), 1 << (door - 1))
        self.claim(token, door, spent=True)
        self.row("opened", door, **self.fields(token))

    def shuts(self, token: Issued, door: int = 1) -> None:
        """It is shut, read twice, and said to be shut."""
        self.street.shut(door)
        self.checks.tell("swung", Swing(self.ms, door, False, "hand"))
        self.reads(0, 0)
        self.row("shut", door, **self.fields(token))

    def visit(self, door: int = 1) -> Issued:
        """A whole good drop-off."""
        token = self.token()
        self.grant(token, door)
        self.order(door)
        self.ms += 100
        self.opens(token, door)
        self.ms += 5000
        self.shuts(token, door)
        self.row("deposited", door, **self.fields(token))
        self.row("visit_ended", door, **self.fields(token))
        self.ms += 5000
        return token

    def received(self, seq: int, body: bytes, after: int, digest: bytes) -> None:
        """The cloud receives an event."""
        self.checks.tell("received", read(seal_event(body, after, digest)))

    def breaches(self) -> list[Breach]:
        """What was found, by all checks."""
        return [breach for check in self.checks.all for breach in check.found]

    def broken(self) -> set[int]:
        """The invariants that are said not to hold."""
        return {check.number for check in self.checks.all if check.found}
