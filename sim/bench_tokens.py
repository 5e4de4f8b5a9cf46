"""What it costs to say yes and no: a cabinet's verification of readings of each sort, in one process, in turns.

Every round takes one small batch of each sort, in a shuffled order, so that whatever else the machine does meets all of
them alike; what counts are the ratios to the valid token of the same run. Knows the authority and the clock of the
bench; neither wires nor doors. Source: tokens contract, section 1 ("the cheap before the dear").
"""

from __future__ import annotations

import hashlib
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from locker.authority import base45
from locker.authority.ed25519 import PrivateKey, PublicKey
from locker.authority.issue import issue
from locker.authority.keys import IssuerKey, KeyRing
from locker.authority.revocation import REVOKED_MAX, Revoked
from locker.authority.token import PREFIX, Authority, Refused
from locker.model import Now, Purpose, Refusal

ROUNDS = 400
BATCH = 8
"""Calls in one sample: a refusal of a microsecond is hardly longer than a look at the clock."""
READINGS = 64
"""Different readings of each sort, so that none stays warm in a cache of the processor."""
CABINET = "bench-1"
NOW_S = 1_763_812_800


@dataclass(frozen=True, slots=True)
class Cost:
    """One sort of reading: the answer (empty for yes), microseconds each, and the median against the valid one's."""

    answer: str
    count: int
    median_us: float
    p95_us: float
    per_second: float
    to_valid: float


class Readings:
    """The sorts of readings and the cabinet that is shown them; ``seed`` gives keys, ids and garbage."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._key, self._staff, self._stranger = (PrivateKey(self._random.randbytes(32)) for _ in range(3))
        self.now = Now(ms=1000, wall_ms=NOW_S * 1000)
        residents = IssuerKey(PublicKey(self._key.public), frozenset((Purpose.DEPOSIT, Purpose.COLLECT)))
        staff = IssuerKey(PublicKey(self._staff.public), frozenset((Purpose.STAFF, Purpose.TECHNICIAN)))
        revoked = {self._random.randbytes(16): NOW_S for _ in range(REVOKED_MAX)}
        self.authority = Authority(KeyRing((residents, staff)), CABINET, Revoked(revoked))

    def sorts(self) -> dict[str, tuple[Refusal | None, list[bytes]]]:
        """Name, the only answer that is right, and the readings."""
        make: dict[str, tuple[Refusal | None, Callable[[], bytes]]] = {
            "valid": (None, lambda: self._token(self._key)),
            "forged": (Refusal.SIGNATURE, self._forged),
            "expired": (Refusal.EXPIRED, lambda: self._token(self._key, age_s=90_000)),
            "unknown_key": (Refusal.UNKNOWN_KEY, lambda: self._token(self._stranger)),
            "cut_short": (Refusal.MALFORMED, self._cut_short),
            "garbage": (Refusal.UNREADABLE, lambda: PREFIX + self._random.randbytes(200)),
            "foreign": (Refusal.FOREIGN, self._foreign),
        }
        return {name: (answer, [one() for _ in range(READINGS)]) for name, (answer, one) in make.items()}

    def _token(self, key: PrivateKey, age_s: int = 60) -> bytes:
        """A collect token of a usual size."""
        iat, cti = NOW_S - age_s, self._random.randbytes(16)
        order = b"%08d-%04d" % (20251122, self._random.randrange(10_000))
        return issue(
            key=key, aud=CABINET, purpose=Purpose.COLLECT, iat=iat, exp=iat + 86_400, cti=cti, order=order
        ).encode()

    def _forged(self) -> bytes:
        """A token in perfect form, whose signature is another's."""
        one, other = (base45.decode(self._token(self._key)[len(PREFIX) :]) for _ in range(2))
        return PREFIX + base45.encode(one[:-64] + other[-64:]).encode()

    def _cut_short(self) -> bytes:
        """A token of which the scanner lost the end, at a whole byte."""
        return self._token(self._key)[: len(PREFIX) + 150]

    def _foreign(self) -> bytes:
        """What most people's phones show: the address of a payment."""
        return b"https://qr.example.com/pay/" + hashlib.sha256(self._random.randbytes(8)).hexdigest().encode()


def measure(seed: int, rounds: int = ROUNDS) -> dict[str, Any]:
    """The cost of each sort, as plain values. Raises ``AssertionError`` where an answer is not the right one."""
    readings = Readings(seed)
    sorts = readings.sorts()
    for name, (answer, texts) in sorts.items():
        for text in texts:
            found = readings.authority.verify(text, readings.now)
            said = found.reason if isinstance(found, Refused) else None
            assert said is answer, f"{name}: {said}, not {answer}"
    samples = _samples(readings, {name: texts for name, (_, texts) in sorts.items()}, rounds, Random(seed))
    valid = statistics.median(samples["valid"])
    return {name: asdict(_cost(sorts[name][0], taken, valid)) for name, taken in samples.items()}


def _samples(readings: Readings, sorts: dict[str, list[bytes]], rounds: int, chance: Random) -> dict[str, list[float]]:
    """Seconds for one call, of each sort, as many as there are rounds."""
    taken: dict[str, list[float]] = {name: [] for name in sorts}
    verify, now, names = readings.authority.verify, readings.now, list(sorts)
    for number in range(rounds):
        chance.shuffle(names)
        for name in names:
            texts = [sorts[name][(number * BATCH + n) % READINGS] for n in range(BATCH)]
            begun = time.perf_counter()
            for text in texts:
                verify(text, now)
            taken[name].append((time.perf_counter() - begun) / BATCH)
    return taken


def _cost(answer: Refusal | None, taken: list[float], valid_s: float) -> Cost:
    ranked = sorted(taken)
    median_s = statistics.median(ranked)
    p95_s = ranked[min(len(ranked) - 1, int(len(ranked) * 0.95))]
    reason = answer.value if answer else ""
    return Cost(reason, len(ranked) * BATCH, median_s * 1e6, p95_s * 1e6, 1 / median_s, median_s / valid_s)
