"""The prompts: which screen a visit shows, and which buttons it offers there.

A table in two functions, apart from the flow, so that what a person may press can be read at a glance. Names are keys
of the catalogues. Knows purposes and what is still allowed; never a door or a time.
"""

from __future__ import annotations

from locker.model import Custody, Purpose

Prompt = tuple[str, tuple[str, ...]]


def at_open_door(purpose: Purpose, enlarge: bool, books: Custody) -> tuple[str, tuple[str, ...], dict[str, str]]:
    """What the person is asked at the open door; ``enlarge`` offers a larger compartment.

    Staff are told what lies inside by the cabinet's own books: the cloud's may be behind.
    """
    if purpose is Purpose.DEPOSIT:
        return "open_deposit", ("larger", "nothing") if enlarge else ("nothing",), {}
    if purpose is Purpose.COLLECT:
        return "open_collect", (), {}
    return "open_staff", (), {"books": books.value}


def at_shut_door(purpose: Purpose, reopen: bool, enlarge: bool) -> Prompt:
    """What the person is offered after the door was shut; a larger one costs a reopening, to empty this one."""
    again = ("reopen",) if reopen else ()
    if purpose is Purpose.DEPOSIT:
        return "deposited", ("done", *again, *(("larger",) if reopen and enlarge else ()), "nothing")
    return "collected", ("done", *again)
