"""A program on the cabinet's own machine that speaks to the kiosk's port: what it can do and what it cannot.

It is what a finger on the glass is, and a pair of eyes: it sees the screen, presses buttons and types digits, in the
name of whoever stands there. The controller is the real process; the program speaks plain HTTP, with the right headers.
"""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from process_rig import Rig

from locker.model import Refusal

WAIT_S = 20.0
GUESSES_MAX, FREE_GUESSES = 10, 4
MADE_UP = ("done", "reopen", "larger", "nothing", "open_again", "go_on", "start", "all", "mine", "audit", "by_hand")
DOORS = tuple(f"door:{door}" for door in range(1, 25))


class Program:
    """Somebody's program: it listens to the screens and says what it wants."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._link = socket.create_connection(("127.0.0.1", port), WAIT_S)
        self._link.sendall(f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        self._lines = self._link.makefile("r", encoding="utf-8")

    def sees(self, *names: str) -> dict[str, Any]:
        """The next screen of one of these names; of any, where none is given."""
        for line in self._lines:
            if line == "event: screen\n":
                screen: dict[str, Any] = json.loads(next(self._lines).removeprefix("data: "))
                if not names or screen["name"] in names:
                    return screen
        raise AssertionError("the stream has ended")

    def says(self, **message: object) -> int:
        """Post something to the page's way in; the answer's status."""
        body, own = json.dumps(message), f"127.0.0.1:{self._port}"
        asked = http.client.HTTPConnection(own, timeout=WAIT_S)
        try:
            asked.request("POST", "/say", body, {"Origin": f"http://{own}", "Content-Type": "application/json"})
            return asked.getresponse().status
        finally:
            asked.close()

    def close(self) -> None:
        """Hang up."""
        self._lines.close()
        self._link.close()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A running cabinet; whatever happens here, no two doors open and nobody's papers are given away."""
    with Rig(tmp_path) as made:
        made.power_on()
        yield made
        made.sound()


@pytest.fixture
def program(rig: Rig) -> Iterator[Program]:
    """The program, which has found the port."""
    found = Program(rig.site.kiosk_port)
    yield found
    found.close()


def test_with_nobody_there_no_button_opens_a_door(rig: Rig, program: Program) -> None:
    """Every button that a screen ever has, residents' and staff's, pressed at the start page: no lock is pulsed."""
    number = program.sees("idle")["number"]
    statuses = [program.says(touch=button, screen=number) for button in (*MADE_UP, *DOORS)]
    assert set(statuses) <= {204, 429}
    assert statuses.count(204) >= len(MADE_UP)
    rig.settled()
    assert rig.pulses == 0
    assert rig.street.screen.screen is not None and rig.street.screen.screen["screen"] == "idle"


def test_wrong_codes_lock_the_keypad_for_a_program_too(rig: Rig, program: Program) -> None:
    """It guesses as slowly as a finger: after five the keypad is locked, and what it types then is not compared."""
    for guess in range(GUESSES_MAX):
        number = program.sees("idle", "refused")["number"]
        assert program.says(typed=f"{guess:06}", screen=number) == 204
        if program.sees("refused")["locked"]:
            break
    assert guess == FREE_GUESSES
    locked = program.sees("idle")
    assert locked["locked"]
    program.says(typed="000000", screen=locked["number"])
    rig.person.hears("denied", reason=Refusal.KEYPAD_LOCKED.value)
    assert len(rig.person.events("code_wrong")) == FREE_GUESSES + 1, "events arrive in order: one more would be here"
    assert rig.pulses == 0


def test_it_can_press_for_whoever_stands_there_and_it_is_their_door(rig: Rig, program: Program) -> None:
    """In the minute after a drop-off it can press "open again", as anybody at the glass can: that door, no other."""
    rig.person.begin()
    item = rig.person.drops_off(rig.issuer.deposit("S"))
    number = program.sees("deposited")["number"]
    assert program.says(touch="reopen", screen=number - 1) == 204
    assert program.says(touch="reopen", screen=number) == 204
    again = program.sees("open_deposit")
    assert again["door"] == item.door
    assert {request.door for request in rig.street.unlocks()} == {item.door}
    rig.person.shuts(item.door)
    program.sees("deposited")
    rig.person.leaves()


def test_what_it_sees_names_nobody(rig: Rig, program: Program) -> None:
    """Of a whole visit the stream has the door and the receipt's picture; no order, no code, no token."""
    rig.person.begin()
    code = rig.issuer.deposit("S", order="A7531-PRIVATE")
    rig.person.drops_off(code)
    seen = json.dumps(program.sees("deposited"))
    assert "A7531" not in seen and code.cti not in seen and code.text not in seen
    rig.person.leaves()
