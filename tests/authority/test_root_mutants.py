"""Twenty thousand mutants of good documents: none raises, none is believed that the issuing side would not have made.

Byte-wise mutants keep the signature of the original, so each must be refused. Structural ones are built from the
content and signed anew by the true root, as if its owner used a broken tool: each is refused, or is to the last byte
what our own issuing side makes of that content.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import cbor2
import pytest
from crafted import IAT, NEW, OLD, RESIDENT, STAFF, enc
from rooted import GOOD_LIST, GOOD_SET, PINNED, ROOT, ROWS, list_of, row, set_of, signed

from locker.authority import keyset, revocation
from locker.authority.issue_set import make_revocation, make_set
from locker.authority.keyset import KeySet
from locker.authority.revocation import RevocationList
from locker.authority.root import DocumentRefused, Fault, is_of

SEED = 20251122
BYTEWISE, STRUCTURAL = 6000, 4000

Verify = Callable[[bytes], KeySet | RevocationList | DocumentRefused]
DOCUMENTS: list[tuple[str, bytes, object, Verify]] = [
    (
        "key set",
        signed(set_of(sorted([*ROWS, row(OLD, state=2), row(NEW, state=0, alg=-19, cutoff=IAT)]))),
        set_of(sorted([*ROWS, row(OLD, state=2), row(NEW, state=0, alg=-19, cutoff=IAT)])),
        lambda raw: keyset.verify(raw, PINNED),
    ),
    (
        "revocation list",
        GOOD_LIST,
        list_of({b"\xee" * 16: IAT + 3600, b"\xaa" * 16: IAT + 60}),
        lambda raw: revocation.verify(raw, PINNED),
    ),
]
STRANGE: list[Any] = [
    *(0, 1, 2, 3, 4, 5, 23, 24, 255, 256, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64, -1, -8, -19, -65538, IAT),
    *(True, False, None, 0.0, 1.0, float("nan"), float("inf"), -8.0, float(IAT)),
    *(b"", b"\0", bytes(4), bytes(16), bytes(32), RESIDENT.public, STAFF.public, "", "x", "active", "红"),
    *([], [0], [[]], {}, {0: 0}, [1, 2], [3, 4], [1, 2, 3, 4], [2, 1]),
    *(cbor2.CBORTag(1, IAT), cbor2.CBORTag(2, b"\5"), cbor2.CBORTag(55799, 5), cbor2.undefined),
    *(cbor2.CBORSimpleValue(99), [[[[[[0]]]]]], row(), row(STAFF, purposes=[3, 4])),
]


def bytewise(raw: bytes, chance: random.Random) -> bytes:
    """Return a document with one to three bytes or stretches flipped, replaced, put in, taken out, or moved."""
    mutant = bytearray(raw)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        at, length = chance.randrange(len(mutant) + 1), chance.choice((1, 1, 2, 4, 16))
        match chance.randrange(6):
            case 0 if at < len(mutant):
                mutant[at] ^= 1 << chance.randrange(8)
            case 1 if at < len(mutant):
                mutant[at] = chance.choice((0x00, 0x18, 0x40, 0x5F, 0x80, 0x9F, 0xA0, 0xBF, 0xC0, 0xD2, 0xF6, 0xFF))
            case 2:
                mutant[at:at] = chance.randbytes(length)
            case 3:
                del mutant[at : at + length]
            case 4:
                source = chance.randrange(len(raw))
                mutant[at : at + length] = raw[source : source + length]
            case _:
                del mutant[at:]
    return bytes(mutant)


def structural(content: Any, chance: random.Random) -> Any:
    """Return the content with one node, at any depth, replaced, doubled, left out or put elsewhere."""
    if isinstance(content, list) and content and chance.random() < 0.8:
        at, copy = chance.randrange(len(content)), list(content)
        match chance.randrange(8):
            case 0:
                del copy[at]
            case 1:
                copy.insert(at, chance.choice(content))
            case 2:
                chance.shuffle(copy)
            case _:
                copy[at] = structural(copy[at], chance)
        return copy
    if isinstance(content, dict) and content and chance.random() < 0.9:
        key, copied = chance.choice(list(content)), dict(content)
        match chance.randrange(8):
            case 0:
                del copied[key]
            case 1:
                copied[chance.choice([n for n in STRANGE if not isinstance(n, list | dict)])] = copied.pop(key)
            case _:
                copied[key] = structural(copied[key], chance)
        return copied
    if type(content) is int and chance.random() < 0.5:
        return content + chance.choice((-1, 1, -(2**32), 2**32, 86_400))
    if isinstance(content, bytes) and chance.random() < 0.5:
        return chance.choice((content[:-1], content + b"\0", content[::-1], content.hex()))
    return chance.choice(STRANGE)


def remade(found: KeySet | RevocationList) -> bytes:
    """Return the bytes that our own issuing side makes of what was understood."""
    if isinstance(found, KeySet):
        return make_set(ROOT, found.version, found.iat, found.keys)
    return make_revocation(ROOT, found.version, found.iat, found.revoked)


@pytest.mark.parametrize(("name", "raw", "content", "verify"), DOCUMENTS, ids=[line[0] for line in DOCUMENTS])
def test_no_document_with_changed_bytes_is_believed(name: str, raw: bytes, content: object, verify: Verify) -> None:
    """Every single bit flipped, then 6,000 mutants: all refused, for many reasons, without an exception."""
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    flipped = [raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1 :] for at in range(len(raw)) for bit in (0, 5, 7)]
    seen: Counter[Fault] = Counter()
    for mutant in [*flipped, *(bytewise(raw, chance) for _ in range(BYTEWISE))]:
        verdict = verify(mutant)
        if mutant != raw:
            assert isinstance(verdict, DocumentRefused), (name, mutant.hex())
            seen[verdict.reason] += 1
        is_of(mutant, keyset.FORM)
    assert {Fault.MALFORMED, Fault.HEADER, Fault.OTHER_ROOT, Fault.SIGNATURE} <= seen.keys(), seen


@pytest.mark.parametrize(("name", "raw", "content", "verify"), DOCUMENTS, ids=[line[0] for line in DOCUMENTS])
def test_a_signed_document_is_refused_or_is_what_we_would_make(
    name: str, raw: bytes, content: object, verify: Verify
) -> None:
    """4,000 contents with something wrong or merely other, signed by the root, in deterministic form and not."""
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    accepted, seen = 0, Counter[Fault]()
    for _ in range(STRUCTURAL):
        mutant = structural(content, chance)
        document = signed(None, payload=enc(mutant) if chance.random() < 0.8 else cbor2.dumps(mutant))
        verdict = verify(document)
        if isinstance(verdict, DocumentRefused):
            seen[verdict.reason] += 1
        else:
            accepted += 1
            assert remade(verdict) == document, (name, document.hex())
    assert accepted > STRUCTURAL // 100
    assert Fault.CONTENT in seen
    assert not seen.keys() & {Fault.MALFORMED, Fault.HEADER, Fault.SIGNATURE}


def test_the_two_documents_and_the_token_never_pass_for_each_other() -> None:
    """One root signature stands for one thing: a set is no list and a list no set, whatever their version."""
    assert isinstance(keyset.verify(GOOD_LIST, PINNED), DocumentRefused)
    assert isinstance(revocation.verify(GOOD_SET, PINNED), DocumentRefused)
    assert (is_of(GOOD_SET, keyset.FORM), is_of(GOOD_SET, revocation.FORM)) == (True, False)
    assert (is_of(GOOD_LIST, keyset.FORM), is_of(GOOD_LIST, revocation.FORM)) == (False, True)
