"""The mutation campaign: how a mutant is made from a seed, what is asked of it, and what is counted.

Work is cut into chunks of one kind each. A chunk's chance comes from (seed, kind, number of the chunk) alone, so any
number of processes finds the same mutants, and a find is repeated by its chunk. What is asked of each mutant:

- no exception, whatever it is;
- the program accepts it exactly when the contract's second reading (``contract``) does;
- a mutant made without the right key is never accepted, unless it is to the last byte a genuine document;
- what is accepted says exactly what was signed: our own issuing side makes the same bytes of it;
- a refusal has a printable reason, names no order, and shows no claims unless the signature is good;
- a command pulses no lock, unless it carries an unchanged genuine grant (``command_mutants``).

A *mutant* is what is neither genuine nor lawful; the others are counted apart and do not count toward the million.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from random import Random

import command_mutants
from command_mutants import CHANGES, GENUINE, Gate, agrees, may_open
from operators import OPERATORS
from specimens import DEVICE, NEW, ROOT, SEALED, SIGNERS, Kind, Verdict, edition, more_of

from locker.authority import issue, issue_set, receipt
from locker.authority.claims import Claims
from locker.authority.keyset import KeySet
from locker.authority.receipt import Receipt
from locker.authority.revocation import RevocationList

COMMAND = "command"
SHARES = {"token": 40, "key set": 15, "revocation list": 12, "receipt": 15, COMMAND: 18}
"""Of a hundred mutants, so many of each kind."""
CHUNK = 2500
BLANKS = b" \t\r\n"
DETAIL_MAX = 300


@dataclass(frozen=True)
class Find:
    """A mutant that broke the rules: what was wrong, and all that is needed to see it again."""

    kind: str
    operator: str
    what: str
    seed: int
    chunk: int
    mutant: bytes

    def __str__(self) -> str:
        again = f"make mutants ARGS=\"--seed {self.seed} --kind '{self.kind}' --chunk {self.chunk}\""
        return f"{self.kind}, {self.operator}: {self.what}\n  mutant: {self.mutant.hex()}\n  again:  {again}"


@dataclass
class Tally:
    """What was met: by operator the mutants, the lawful and the genuine; by reason; the finds; the mutants' hashes."""

    mutants: Counter[tuple[str, str]] = field(default_factory=Counter)
    lawful: Counter[tuple[str, str]] = field(default_factory=Counter)
    genuine: Counter[tuple[str, str]] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    finds: list[Find] = field(default_factory=list)
    prints: array[int] = field(default_factory=lambda: array("Q"))

    def add(self, other: Tally) -> None:
        """Take in what another chunk met."""
        for mine, theirs in (
            (self.mutants, other.mutants),
            (self.lawful, other.lawful),
            (self.genuine, other.genuine),
            (self.reasons, other.reasons),
        ):
            mine.update(theirs)
        self.finds += other.finds
        self.prints.extend(other.prints)

    @property
    def total(self) -> int:
        """How many mutants there were."""
        return self.mutants.total()


def expected() -> set[tuple[str, str]]:
    """Every reason, by kind, that a campaign must have met: else the mutants do not reach what they should."""
    found = {(kind.name, _name(reason)) for kind in SEALED for reason in kind.reasons}
    return found | {(COMMAND, _name(reason)) for reason in command_mutants.REASONS}


def chunks(count: int, only: Iterable[str] = ()) -> list[tuple[str, int, int]]:
    """(kind, number, mutants) of each chunk for so many mutants in all, the kinds mixed."""
    kinds = list(only) or list(SHARES)
    whole = sum(SHARES[kind] for kind in kinds)
    wanted: list[tuple[str, int, int]] = []
    for kind in kinds:
        left, number = -(-count * SHARES[kind] // whole), 0
        while left > 0:
            wanted.append((kind, number, min(CHUNK, left)))
            left, number = left - CHUNK, number + 1
    return sorted(wanted, key=lambda chunk: (chunk[1], chunk[0]))


def run_chunk(seed: int, kind: str, number: int, count: int) -> Tally:
    """Make and judge ``count`` mutants of one kind; stops at the tenth find."""
    chance = Random(f"{seed} {kind} {number}")
    tally = Tally()
    trial = (
        command_trials(chance) if kind == COMMAND else sealed_trials(next(k for k in SEALED if k.name == kind), chance)
    )
    while tally.total < count and len(tally.finds) < 10:
        operator, text, outcome, wrong = next(trial)
        if wrong:
            tally.finds.append(Find(kind, operator, wrong, seed, number, text))
        elif isinstance(outcome, str):
            {"genuine": tally.genuine, "lawful": tally.lawful}[outcome][kind, operator] += 1
        else:
            tally.mutants[kind, operator] += 1
            tally.reasons[kind, _name(outcome)] += 1
            tally.prints.append(int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big"))
    return tally


Trial = tuple[str, bytes, Enum | str, str]
"""The operator's name, the mutant, its refusal (or "genuine" or "lawful"), and what was wrong (empty for nothing)."""


# --- signed documents -----------------------------------------------------------------------------


def sealed_trials(kind: Kind, chance: Random) -> Iterator[Trial]:
    """Mutants of a signed document without end, each with what the program and the contract say of it."""
    operators = [each for each in OPERATORS if kind.prefix is not None or not each.for_text_only]
    shares = [each.share for each in operators]
    kind = replace(kind, specimens=kind.specimens + more_of(kind, chance))
    genuine_texts = frozenset(each.text for each in kind.specimens)
    while True:
        [operator] = chance.choices(operators, shares)
        specimen, held = chance.choice(kind.specimens), chance.choice(kind.held)
        text = operator.make(kind, specimen, chance)
        try:
            verdict = kind.verify(text, edition(held))
            lawful = kind.lawful(text, held)
            genuine = (text.strip(BLANKS) if kind.prefix else text) in genuine_texts
            wrong = objection(kind, operator.forger and not genuine, text, verdict, lawful)
        except Exception as error:  # any at all is a find, and is told with its mutant
            yield operator.name, text, "lawful", f"{type(error).__name__}: {error}"
            continue
        yield operator.name, text, "genuine" if genuine else verdict.reason or "lawful", wrong


def objection(kind: Kind, forged: bool, text: bytes, verdict: Verdict, lawful: bool) -> str:
    """What is wrong with a verdict; empty for nothing. ``forged``: made without the key, and not genuine."""
    if (verdict.reason is None) != lawful:
        said = verdict.reason or "accepted"
        return f"the program says {said} ({verdict.detail}), the contract says {'lawful' if lawful else 'not lawful'}"
    if verdict.reason is None:
        if forged:
            return "accepted, and made without the key"
        same = remade(verdict.believed) == (text.strip(BLANKS) if kind.prefix else text)
        return "" if same else "accepted, and says what was not signed"
    return _detail_objection(verdict, kind) or _signature_objection(kind, forged, text, verdict)


def _detail_objection(verdict: Verdict, kind: Kind) -> str:
    """What is wrong with how a refusal is told."""
    if not verdict.detail.isprintable() or not 0 < len(verdict.detail) <= DETAIL_MAX:
        return f"an unprintable, empty or long detail: {verdict.detail!r}"
    if "order-" in verdict.detail:
        return f"the detail names an order: {verdict.detail!r}"
    if verdict.told and verdict.reason in kind.signature_reasons:
        return "claims are shown though the signature is not good"
    return ""


def _signature_objection(kind: Kind, forged: bool, text: bytes, verdict: Verdict) -> str:
    """What is wrong with a forgery that was refused: the signature must have been looked at by then."""
    if not forged or verdict.reason in kind.signature_reasons | {_NOT_CANONICAL[kind.name]} or text in _MESSAGES:
        return ""
    return f"{verdict.reason}: a forgery got past the signature"


_NOT_CANONICAL: dict[str, Enum] = {kind.name: type(next(iter(kind.reasons)))["NOT_CANONICAL"] for kind in SEALED}
"""The envelope can be spelt otherwise without touching what is signed: then the signature is good."""
_MESSAGES = frozenset(each.message for kind in SEALED for each in kind.specimens)
"""The root signs sets and lists: of the one the signature is good when it is shown as the other."""


def remade(believed: object) -> bytes:
    """The text that our own issuing side makes of what was believed."""
    match believed:
        case Claims():
            key = SIGNERS[believed.kid]
            return issue.sign(believed, key, -19 if key is NEW else -8).encode()
        case KeySet():
            return issue_set.make_set(ROOT, believed.version, believed.iat, believed.keys)
        case RevocationList():
            return issue_set.make_revocation(ROOT, believed.version, believed.iat, believed.revoked)
        case Receipt():
            return receipt.sign(believed, DEVICE).encode()
    raise AssertionError(f"believed {believed!r}")


# --- commands -------------------------------------------------------------------------------------


def command_trials(chance: Random) -> Iterator[Trial]:
    """Mutants of commands without end, each with what the cabinet answers."""
    gate, shares = Gate(), [share for _, share, _ in CHANGES]
    while True:
        [(name, _, change)] = chance.choices(CHANGES, shares)
        payload, retained = change(chance.choice(GENUINE), chance), chance.random() < 0.03
        may = may_open(payload, retained)
        try:
            agrees(payload)
            verdict, doors = gate.send(payload, retained)
        except Exception as error:  # any at all is a find, and is told with its mutant
            gate = Gate()
            yield name, payload, "lawful", f"{type(error).__name__}: {error}"
            continue
        wrong = f"pulsed {doors} without a genuine grant" if doors and not may else ""
        yield name, payload, verdict.reason or "lawful", wrong or ("two doors at once" if len(doors) > 1 else "")


def _name(reason: Enum) -> str:
    return str(reason.value)
