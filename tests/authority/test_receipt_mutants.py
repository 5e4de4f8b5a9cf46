"""Twenty thousand receipts that are almost right: none is taken for one, and nothing else happens.

Three kinds, from one seed: bytes of the text, bytes of the message (behind Base45), and the structure (parts of the
message and claims exchanged, dropped, doubled, retyped), signed by somebody who has some key but not the device's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import cbor2
import pytest

from locker.authority import base45
from locker.authority.ed25519 import PrivateKey, PublicKey
from locker.authority.keys import kid_of
from locker.authority.receipt import Flaw, Receipt, Rejected, sign, verify
from locker.model import Quality

KEY, STRANGER = PrivateKey(b"\x05" * 32), PrivateKey(b"\x06" * 32)
PUBLIC = PublicKey(KEY.public)
SEED = 20_250_612
MUTANTS = 7000

GOOD = [
    sign(
        Receipt(
            "xy-001", 1_764_000_061 + n, "6f1c9ae2d0a1b2c3", 41 * 10**n, b"order-%d" % n, n + 1, quality, bytes(16)
        ),
        KEY,
    ).encode()
    for n, quality in enumerate(Quality)
]
CHARACTERS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:az\0\n\xff"
VALUES: list[Any] = [0, 1, -1, 2**64, True, None, 1.0, "", "x", b"", b"\0" * 16, [], {}, cbor2.CBORTag(2, b"\1")]


def splice(raw: bytes, random: Random, alphabet: bytes) -> bytes:
    """Replace, remove, add, double, exchange or cut a few bytes."""
    data = bytearray(raw)
    for _ in range(random.choice((1, 1, 1, 2, 5))):
        at = random.randrange(len(data)) if data else 0
        match random.randrange(6):
            case 0 if data:
                data[at] = random.choice(alphabet)
            case 1:
                del data[at : at + random.choice((1, 1, 2, 16))]
            case 2:
                data.insert(at, random.choice(alphabet))
            case 3:
                data[at:at] = data[at : at + random.choice((1, 3, 16))]
            case 4:
                other = random.randrange(len(data)) if data else 0
                data[at : at + 2], data[other : other + 2] = data[other : other + 2], data[at : at + 2]
            case 5:
                del data[at:]
    return bytes(data)


def in_the_text(random: Random) -> bytes:
    """A change of characters."""
    return splice(random.choice(GOOD), random, CHARACTERS)


def in_the_message(random: Random) -> bytes:
    """A change of bytes behind Base45."""
    message = base45.decode(random.choice(GOOD)[5:])
    return b"LKR1:" + base45.encode(splice(message, random, bytes(range(256)))).encode()


def in_the_structure(random: Random) -> bytes:
    """A change of parts and claims; the signature is the old one, a stranger's under either id, or another's."""
    message, other = (cbor2.loads(base45.decode(random.choice(GOOD)[5:])[1:]) for _ in range(2))
    protected, _, payload, signature = message
    claims = cbor2.loads(payload)
    for _ in range(random.choice((0, 1, 1, 2))):
        key = random.choice([3, 6, 7, -65537, 4, True, "3"])
        if key == -65537 and isinstance(claims.get(key), list) and random.random() < 0.7:
            claims[key] = list(claims[key])
            claims[key][random.randrange(5)] = random.choice(VALUES)
        elif random.random() < 0.3:
            claims.pop(key, None)
        else:
            claims[key] = random.choice([*VALUES, cbor2.loads(other[2]).get(3)])
    payload = cbor2.dumps(claims, canonical=random.random() < 0.8)
    kid = random.choice([kid_of(KEY.public), kid_of(STRANGER.public)])
    protected = random.choice([protected, cbor2.dumps({1: random.choice([-8, -19, -7]), 4: kid}), b"", b"\xa0"])
    forged = STRANGER.sign(cbor2.dumps(["Signature1", protected, b"", payload]))
    signature = random.choice([signature, other[3], forged, forged, bytes(64), signature[:63]])
    parts: list[Any] = [protected, random.choice([{}, {}, {}, {4: kid}, None]), payload, signature]
    if random.random() < 0.1:
        random.shuffle(parts)
    return b"LKR1:" + base45.encode(b"\xd2" + cbor2.dumps(parts)).encode()


MET: list[tuple[Callable[[Random], bytes], set[Flaw]]] = [
    (in_the_text, {Flaw.FOREIGN, Flaw.UNREADABLE, Flaw.MALFORMED, Flaw.SIGNATURE, Flaw.HEADER, Flaw.UNKNOWN_KEY}),
    (in_the_message, {Flaw.MALFORMED, Flaw.SIGNATURE, Flaw.HEADER, Flaw.UNKNOWN_KEY}),
    (in_the_structure, {Flaw.MALFORMED, Flaw.SIGNATURE, Flaw.HEADER, Flaw.UNKNOWN_KEY}),
]


@pytest.mark.parametrize(("mutate", "met"), MET)
def test_no_mutant_is_a_receipt(mutate: Callable[[Random], bytes], met: set[Flaw]) -> None:
    """None is accepted unless it is a genuine text with blanks around it; the only other outcome is a reason."""
    print(f"seed {SEED}")
    random = Random(SEED)
    reasons: Counter[Flaw] = Counter()
    mutants = 0
    while mutants < MUTANTS:
        text = mutate(random)
        if text.strip(b" \t\r\n") in GOOD:
            continue
        mutants += 1
        found = verify(text, PUBLIC)
        assert isinstance(found, Rejected), text
        reasons[found.reason] += 1
    assert met <= reasons.keys(), f"the mutants never met {met - reasons.keys()}"


def test_even_the_device_signs_nothing_that_is_not_canonical_or_out_of_bounds() -> None:
    """Mutants of the claims signed by the device's own key: each is refused, or says exactly what its claims say."""
    print(f"seed {SEED}")
    random = Random(SEED)
    protected = cbor2.dumps({1: -8, 4: kid_of(KEY.public)}, canonical=True)
    refused: Counter[Flaw] = Counter()
    for _ in range(MUTANTS // 2):
        payload = splice(cbor2.loads(base45.decode(random.choice(GOOD)[5:])[1:])[2], random, bytes(range(256)))
        signature = KEY.sign(cbor2.dumps(["Signature1", protected, b"", payload]))
        message = b"\xd2" + cbor2.dumps([protected, {}, payload, signature])
        found = verify(b"LKR1:" + base45.encode(message).encode(), PUBLIC)
        if isinstance(found, Rejected):
            refused[found.reason] += 1
            continue
        assert base45.decode(sign(found, KEY)[5:].encode()) == message, "one meaning, one text"
    assert refused.keys() <= {Flaw.CLAIMS, Flaw.NOT_CANONICAL, Flaw.TOO_LONG}
    assert refused[Flaw.CLAIMS] > 1000
    assert refused[Flaw.NOT_CANONICAL] > 0
