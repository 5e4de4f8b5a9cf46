"""Mutants of commands: JSON that anybody with the broker's password can send, put to a whole cabinet.

A command is not signed, so a mutant may well be a command. What must hold is more than that: **no lock is pulsed**
unless the message is a timely, new ``open`` that carries a genuine grant to the last character (blanks around it do not
matter). Python's own ``json`` says what a message carries, not the decoder under test. Nor may anything be taken for a
key set or a revocation list, and what is decoded must be what ``json`` reads.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import Enum
from random import Random
from typing import Any

from edits import some_bytes, some_text, splice
from specimens import AUTHORITY, CABINET, NOW, NOW_S, SEALED, TOKEN, Verdict

from locker import config, messages
from locker.cabinet import Cabinet
from locker.messages import Command, Malformed
from locker.model import (
    Answer,
    BoardBack,
    DoorSeen,
    Effect,
    KeepSigned,
    Memory,
    MessageReceived,
    Now,
    Pulse,
    Refusal,
)

GRANTS = frozenset(each.text.decode() for each in TOKEN.specimens)
FRESH_EVERY = 200
"""A new cabinet after so many messages at the most: each remembers the ids of commands."""


class Obeyed(Enum):
    """Answers that are no refusal and open nothing."""

    SERVICE = "obeyed, opens nothing"


REASONS: frozenset[Enum] = frozenset(
    {
        *(Refusal.BAD_MESSAGE, Refusal.RETAINED, Refusal.LATE, Refusal.UNKNOWN_OP, Refusal.GRANT_NEEDED),
        *(Refusal.UNREADABLE, Refusal.FOREIGN, Refusal.MALFORMED, Refusal.SIGNATURE, Refusal.TOO_LONG, Refusal.HEADER),
        *(Refusal.UNKNOWN_KEY, *Obeyed),
    }
)


def _base(op: str, number: int, **more: Any) -> dict[str, Any]:
    return {"v": 1, "id": f"cmd-{number}", "op": op, "exp": NOW_S + 60, **more}


GENUINE: tuple[dict[str, Any], ...] = (
    *(_base("open", number, grant=grant) for number, grant in enumerate(sorted(GRANTS))),
    _base("service", 20, args={"door": 3, "in_service": False, "reason": "柜门坏了 hinge"}),
    _base("service", 21, args={"door": 4, "in_service": True}),
    _base("open", 22),
    _base("open", 23, grant=SEALED[3].specimens[0].text.decode()),
)
HUGE = "<more digits than Python prints>"
STRANGE: tuple[Any, ...] = (
    *(0, 1, 2, -1, 3, 24, 25, 255, 2**31, 2**53, 2**63, 2**64, 10**30, HUGE, NOW_S, NOW_S - 3600, NOW_S + 600),
    *(
        1.0,
        0.5,
        1e300,
        True,
        False,
        None,
        "",
        "x",
        "open",
        "service",
        "open_all",
        "*",
        "1",
        "红",
        "\0",
        "a\nb",
        "x" * 70,
    ),
    *("a" * 1100, [], [1], {}, {"door": 1}, {"door": [1]}, {"in_service": 1}, [[[[]]]], *sorted(GRANTS)[:2]),
)


def cabinet() -> Cabinet:
    """A cabinet of six doors, all seen shut, with the keys of the specimens; nothing has happened in it yet."""
    doors = [
        config.Door(door=n, size="SSMMLL"[n - 1], side="left", row=n, channel=n - 1)  # type: ignore[arg-type]
        for n in range(1, 7)
    ]
    cfg = config.Config(
        cabinet=config.Cabinet(id=CABINET, phone="0311-12345678"),
        doors=doors,
        boards=[config.Board(port="/nowhere/board", name="main")],
        scanner=config.Scanner(port="/nowhere/scanner"),
        store=config.Store(path="/nowhere/locker.db"),
    )
    made = Cabinet(cfg, AUTHORITY, Memory(), NOW)
    made.start(NOW)
    made.handle(BoardBack("main", tuple(range(1, 7))), NOW)
    for n in range(1, 7):
        made.handle(DoorSeen(n, False), NOW)
    made.advance(NOW)
    return made


# --- changes --------------------------------------------------------------------------------------


def _fields(one: dict[str, Any], chance: Random) -> bytes:
    """A field dropped, doubled, added, renamed, retyped or replaced."""
    found = dict(one)
    for _ in range(chance.choice((1, 1, 2))):
        key = chance.choice([*found, "v", "id", "op", "exp", "grant", "args"])
        match chance.randrange(6):
            case 0:
                found.pop(key, None)
            case 1:
                found[chance.choice(("door", "open", "Op", "grant ", "args", "x"))] = chance.choice(STRANGE)
            case 2 if key in found:
                found[key.upper()] = found.pop(key)
            case 3 if isinstance(found.get("args"), dict):
                inner = chance.choice(("door", "in_service", "reason", "all"))
                found["args"] = {**found["args"], inner: chance.choice(STRANGE)}
            case _:
                found[key] = chance.choice(STRANGE)
    return _written(found, chance)


def _written(fields: dict[str, Any], chance: Random) -> bytes:
    """JSON, sometimes unusual: spaces, escapes, a field twice, another order, something after it."""
    items = list(fields.items())
    if chance.random() < 0.3:
        chance.shuffle(items)
    if chance.random() < 0.2 and items:
        items.insert(chance.randrange(len(items)), (chance.choice(items)[0], chance.choice(STRANGE)))
    ascii_only, space = chance.random() < 0.5, chance.choice(("", "", " ", "\n\t"))
    pairs = (f"{json.dumps(key)}:{space}{json.dumps(value, ensure_ascii=ascii_only)}" for key, value in items)
    text = "{" + f",{space}".join(pairs) + "}"
    text = text.replace(f'"{HUGE}"', "1" + "0" * 4400)
    return text.encode("utf-8", "surrogatepass") + chance.choice((b"", b"", b"", b"\n", b"\0", b"{}"))


def _bytes(one: dict[str, Any], chance: Random) -> bytes:
    return some_bytes(json.dumps(one, separators=(",", ":")).encode(), chance, likely=b'{}[]",:0e-\\tfn\0\xff')


def _spliced(one: dict[str, Any], chance: Random) -> bytes:
    return splice(json.dumps(one).encode(), json.dumps(chance.choice(GENUINE)).encode(), chance)


def _grant(one: dict[str, Any], chance: Random) -> bytes:
    """An ``open`` whose grant is a mutant."""
    grant = chance.choice(TOKEN.specimens).text
    changed = some_text(grant, b"LK1:", chance) if chance.random() < 0.6 else some_bytes(grant, chance)
    text = changed.decode("latin-1") if chance.random() < 0.9 else changed.hex()
    return json.dumps({**one, "op": "open", "id": f"g{chance.randrange(10**6)}", "grant": text}).encode()


def _rules(one: dict[str, Any], chance: Random) -> bytes:
    """One rule broken: time, version, op, size, depth, names of ids."""
    exp = NOW_S + chance.choice((-10_000, -11, -10, 0, 600, 601, 10**6, 2**41))
    broken: tuple[dict[str, Any], ...] = (
        {"exp": exp},
        {"v": chance.choice((0, 2, 1.0, True, "1", None))},
        {"op": chance.choice(("", "OPEN", "open ", "openall", "o" * 33, "reboot", "ｏｐｅｎ"))},
        {"id": chance.choice(("", "a b", "x" * 65, "é", "a\n", "../..", "\0", 5))},
        {"args": {str(n): n for n in range(chance.choice((0, 16, 17, 200)))}},
        {
            "args": {
                "door": chance.choice((0, 7, 255, -1, True, "1", 2**70)),
                "in_service": chance.choice((True, 1, "no")),
            }
        },
        {"grant": chance.choice(("", "LK1:", "x" * 1025, " " * 1000, "LK1:" + "0" * 999))},
        {"padding": "x" * chance.choice((7000, 8192, 100_000))},
    )
    return json.dumps({**one, **chance.choice(broken)}).encode()


def _other(one: dict[str, Any], chance: Random) -> bytes:
    """A document of another kind in place of a command, or JSON that is something else."""
    deep = chance.choice((10, 1000, 4000))
    other = [chance.choice(kind.specimens).text for kind in SEALED]
    strange = (b"", b"null", b"[]", b"{}", b'"open"', b"[" * deep, b'{"a":' * deep, b'{"args":' + b"[" * deep)
    made = chance.choice((*other, *strange, b'{"epoch":"e","seq":5}', json.dumps([one]).encode()))
    return made if chance.random() < 0.3 else some_bytes(made or b"\0", chance, likely=b'{}[]",:0\0\xff')


Change = Callable[[dict[str, Any], Random], bytes]
CHANGES: tuple[tuple[str, int, Change], ...] = (
    ("JSON: fields", 6, _fields),
    ("JSON: bytes", 5, _bytes),
    ("JSON: spliced from two", 3, _spliced),
    ("JSON: a rule broken", 4, _rules),
    ("JSON: grant changed", 6, _grant),
    ("not a command", 1, _other),
)


# --- the judge ------------------------------------------------------------------------------------


def carried(payload: bytes) -> dict[str, Any]:
    """The fields of a message by Python's own reader; for equal names the last. Empty where it is no object."""
    try:
        found = json.loads(payload.decode(), parse_int=lambda digits: int(digits) if len(digits) < 4000 else digits)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


class Gate:
    """A cabinet that is sent one message after another, and made anew when a door was opened."""

    def __init__(self) -> None:
        self._cabinet, self._sent = cabinet(), 0

    def send(self, payload: bytes, retained: bool) -> tuple[Verdict, list[int]]:
        """What the cabinet says of a message, and the doors it pulses, also within the next seconds."""
        self._sent += 1
        effects = self._cabinet.handle(MessageReceived("cmd", payload, retained, 7), NOW)
        later = Now(NOW.ms + 3000, NOW.wall_ms + 3000, NOW.quality)
        yes = any(isinstance(each, Answer) and b'"ok":true' in each.payload for each in effects)
        moved = effects + self._cabinet.advance(later if yes or self._sent >= FRESH_EVERY else NOW)
        doors = [each.door for each in moved if isinstance(each, Pulse)]
        if yes or doors or self._sent >= FRESH_EVERY:
            self._cabinet, self._sent = cabinet(), 0
        assert not any(isinstance(each, KeepSigned) for each in effects), "a command became a key set"
        return _said(effects, doors), doors


def _said(effects: list[Effect], doors: list[int]) -> Verdict:
    """The one answer among the effects."""
    answers = [json.loads(each.payload) for each in effects if isinstance(each, Answer)]
    assert len(answers) == 1, f"{len(answers)} answers to one message"
    if answers[0]["ok"]:
        return Verdict(None if doors else Obeyed.SERVICE, "", answers[0])
    return Verdict(Refusal(answers[0]["reason"]), answers[0]["detail"])


def may_open(payload: bytes, retained: bool) -> bool:
    """Whether this message may pulse a lock: it carries a genuine grant, in time, in the right words."""
    said = carried(payload)
    grant, exp = said.get("grant"), said.get("exp")
    return (
        not retained
        and (said.get("v"), said.get("op")) == (1, "open")
        and isinstance(grant, str)
        and grant.strip(" \t\r\n") in GRANTS
        and type(exp) is int
        and NOW_S - 10 <= exp <= NOW_S + 600
    )


def agrees(payload: bytes) -> None:
    """Assert that the decoder understands what ``json`` reads, and that what it understood encodes to itself."""
    decoded = messages.decode_command(payload)
    if isinstance(decoded, Malformed):
        assert decoded.detail and len(decoded.id) <= 64, decoded
        return
    assert isinstance(decoded, Command)
    said = carried(payload)
    fields = {name: getattr(decoded, name) for name in Command.__struct_fields__}
    assert {name: said.get(name, fields[name]) for name in fields} == fields, (fields, said)
    assert messages.decode_command(messages.encode(decoded)) == decoded
