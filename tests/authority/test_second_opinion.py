"""A second implementation of COSE and CWT agrees with ours, and where it does not, each difference is written down.

python-cwt runs in an environment of its own, with its own cbor2, and is told by ``cwt_peer.py``. It issues and we
verify; we issue and it verifies; and it is shown messages that we refuse. What is drawn by chance comes from the seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import cbor2
import pytest
from claimed import (
    EDDSA,
    drawn,
    for_python_cwt,
    key_and_alg,
    public_part,
    python_cwt,
    verdict,
)
from crafted import COSE, CTI, DEPOSIT, EXP, RESIDENT, STAFF, STRANGER, enc, text_of, verify

from locker.authority import base45
from locker.authority.cose import to_be_signed
from locker.authority.issue import sign
from locker.authority.keys import kid_of
from locker.authority.token import Claims, Refused
from locker.model import Refusal

pytestmark = pytest.mark.prepared("python-cwt")

SEED = 20251123
TOKENS, MUTANTS = 400, 4000
KID = kid_of(RESIDENT.public)
HEADER = enc({1: -8, 4: KID})
PAYLOAD = enc(DEPOSIT)
SIGNED = RESIDENT.sign(to_be_signed(HEADER, PAYLOAD))


def many() -> list[Claims]:
    """The claims of all tokens."""
    rng = random.Random(SEED)
    return [drawn(rng) for _ in range(TOKENS)]


def believed(messages: list[bytes]) -> list[dict[str, Any]]:
    """What python-cwt answers to each message, holding the keys of residents and of staff."""
    keys = [public_part(key, alg) for key, alg in ((RESIDENT, EDDSA), (STAFF, EDDSA))]
    return python_cwt([{"do": "verify", "keys": keys, "message": message.hex()} for message in messages])


def test_what_python_cwt_issues_is_to_the_last_byte_what_we_issue() -> None:
    """400 tokens of all purposes, both names of the algorithm: equal texts, and ours reads what was meant."""
    every = many()
    answers = python_cwt([for_python_cwt(claims) | {"do": "issue"} for claims in every])
    for claims, answer in zip(every, answers, strict=True):
        text = "LK1:" + base45.encode(bytes.fromhex(answer["message"]))
        assert verdict(text, claims) == claims, f"seed {SEED}: {claims}"
        assert text == sign(claims, *key_and_alg(claims)), f"seed {SEED}: {claims}"


def test_what_we_issue_python_cwt_believes_and_reads_alike() -> None:
    """The same 400 the other way round: every signature holds for it, and every claim is what ours wrote."""
    every, jobs, meant = many(), [], []
    for claims in every:
        key, alg = key_and_alg(claims)
        message = base45.decode(sign(claims, key, alg).encode("ascii")[4:])
        jobs.append({"do": "verify", "keys": [public_part(key, alg)], "message": message.hex()})
        meant.append({"claims": for_python_cwt(claims)["claims"]})
    assert python_cwt(jobs) == meant, f"seed {SEED}"


def test_the_way_that_python_cwt_encodes_by_itself_is_refused() -> None:
    """``CWT.encode`` puts the key id outside of what is signed: use ``COSE.encode_and_sign`` (docs/tokens.md)."""
    every = many()[:20]
    answers = python_cwt([for_python_cwt(claims) | {"do": "encode"} for claims in every])
    for claims, answer in zip(every, answers, strict=True):
        refused = verdict("LK1:" + base45.encode(bytes.fromhex(answer["message"])), claims)
        assert isinstance(refused, Refused)
        assert (refused.reason, refused.detail) == (
            Refusal.MALFORMED,
            "the unprotected header must be an empty map",
        )


def made(
    header: object = None,
    claims: object = None,
    outside: object = None,
    *,
    payload: bytes = b"",
    raw_header: bytes = b"",
) -> bytes:
    """Return a message of these parts, truly signed by the residents' key, whatever they are."""
    protected = raw_header or enc({1: -8, 4: KID} if header is None else header)
    payload = payload or enc(DEPOSIT if claims is None else claims)
    signature = RESIDENT.sign(to_be_signed(protected, payload))
    return enc(cbor2.CBORTag(18, [protected, {} if outside is None else outside, payload, signature]))


def whole(between: bytes = b"\xa0", *, head: bytes = b"\xd2\x84", tail: bytes = b"") -> bytes:
    """Return the good message put together by hand, with other bytes around its parts."""
    return head + b"\x49" + HEADER + between + b"\x58" + bytes([len(PAYLOAD)]) + PAYLOAD + b"\x58\x40" + SIGNED + tail


UNSORTED = cbor2.dumps(dict(reversed(DEPOSIT.items())))
LONGER = PAYLOAD.replace(b"\x06\x1a", b"\x06\x1b\0\0\0\0")
TWICE = bytes([PAYLOAD[0] + 1]) + PAYLOAD[1:] + b"\x07\x50" + CTI
ENDLESS = b"\xbf" + PAYLOAD[1:] + b"\xff"

# Truly signed by the right key, or nothing changed that is signed, or (the first) not signed at all: ours refuses each
# with this reason, and ``CWT.decode`` of python-cwt 3.3.0 believes it. A newer one may be stricter: then its line goes.
KNOWN_DIFFERENCES: dict[str, tuple[bytes, Refusal]] = {
    "no signature at all: the bare claims": (PAYLOAD, Refusal.MALFORMED),
    "alg missing": (made({4: KID}), Refusal.HEADER),
    "alg of another kind (ES256)": (made({1: -7, 4: KID}), Refusal.HEADER),
    "alg under its other name": (made({1: -19, 4: KID}), Refusal.HEADER),
    "alg a text": (made({1: "unknown", 4: KID}), Refusal.HEADER),
    "kid outside of what is signed": (made({1: -8}, outside={4: KID}), Refusal.MALFORMED),
    "a critical label that nobody knows": (made({1: -8, 2: [99], 4: KID, 99: 1}), Refusal.HEADER),
    "a further label in the header": (made({1: -8, 3: 0, 4: KID}), Refusal.HEADER),
    "a label outside of what is signed": (made(outside={99: 1}), Refusal.MALFORMED),
    "header in another order": (made(raw_header=b"\xa2\x04\x44" + KID + b"\x01\x27"), Refusal.NOT_CANONICAL),
    "bytes after the header": (made(raw_header=HEADER + b"\0"), Refusal.HEADER),
    "bytes after the message": (whole(tail=b"\0"), Refusal.MALFORMED),
    "other claims after the message": (whole(tail=PAYLOAD), Refusal.MALFORMED),
    "bytes after the claims": (made(payload=PAYLOAD + b"\0"), Refusal.CLAIMS),
    "tag 18 in two bytes": (whole(head=b"\xd8\x12\x84"), Refusal.MALFORMED),
    "tag 61 around it": (whole(head=b"\xd8\x3d\xd2\x84"), Refusal.MALFORMED),
    "array without a length": (whole(head=b"\xd2\x9f", tail=b"\xff"), Refusal.MALFORMED),
    "array's length in two bytes": (whole(head=b"\xd2\x98\x04"), Refusal.NOT_CANONICAL),
    "unprotected map without a length": (whole(b"\xbf\xff"), Refusal.MALFORMED),
    "claims in another order": (made(payload=UNSORTED), Refusal.NOT_CANONICAL),
    "a claim in more bytes than needed": (made(payload=LONGER), Refusal.NOT_CANONICAL),
    "a claim twice": (made(payload=TWICE), Refusal.CLAIMS),
    "claims without a length": (made(payload=ENDLESS), Refusal.CLAIMS),
    "exp a floating-point number": (made(claims=DEPOSIT | {4: float(EXP)}), Refusal.CLAIMS),
    "exp a big number's tag": (made(payload=PAYLOAD.replace(b"\x04\x1a", b"\x04\xc2\x44")), Refusal.CLAIMS),
    "iat true": (made(claims=DEPOSIT | {6: True}), Refusal.CLAIMS),
    "an issuer as well": (made(claims=DEPOSIT | {1: "cloud"}), Refusal.CLAIMS),
    "no purpose": (made(claims={3: "sjz-gate-1", 4: EXP, 6: EXP - 60, 7: CTI}), Refusal.CLAIMS),
    "a signed message inside the signed message": (made(payload=COSE), Refusal.CLAIMS),
}

# What neither believes.
BOTH_REFUSE: dict[str, bytes] = {
    "another's signature": COSE.replace(SIGNED, STRANGER.sign(to_be_signed(HEADER, PAYLOAD))),
    "kid missing": made({1: -8}),
    "claims changed": COSE.replace(b"order-1", b"order-2"),
    "a kid that is nobody's": made({1: -8, 4: b"none"}),
    "signature of 63 bytes": COSE.replace(b"\x58\x40" + SIGNED, b"\x58\x3f" + SIGNED[:63]),
    "signature all zero": COSE.replace(SIGNED, bytes(64)),
    "no tag": COSE[1:],
    "a MAC's tag": b"\xd1" + COSE[1:],
    "three parts": b"\xd2\x83" + COSE[2:-66],
    "cut short": COSE[:-1],
    "nothing": b"",
}  # fmt: skip


def test_the_good_message_is_good_to_both() -> None:
    """What the differences below are made of is believed by both; so each is refused for what was done to it."""
    assert whole() == made() == COSE
    assert isinstance(verify(text_of(COSE)), Claims)
    assert believed([COSE])[0]["claims"]["aud"] == "sjz-gate-1"


def test_each_known_difference_is_refused_by_us_with_its_reason() -> None:
    """Messages that a published library takes for good: ours says no to each, and why."""
    told = {name: verify(text_of(message)) for name, (message, _) in KNOWN_DIFFERENCES.items()}
    reasons = {name: said.reason if isinstance(said, Refused) else None for name, said in told.items()}
    assert reasons == {name: reason for name, (_, reason) in KNOWN_DIFFERENCES.items()}


def test_each_known_difference_is_one() -> None:
    """python-cwt believes all of them: the list is one of facts, held against the version that is pinned."""
    answers = believed([message for message, _ in KNOWN_DIFFERENCES.values()])
    refused = {name: said for name, said in zip(KNOWN_DIFFERENCES, answers, strict=True) if "claims" not in said}
    assert not refused


def test_what_must_be_refused_is_refused_by_both() -> None:
    """Forgery is forgery to both implementations."""
    answers = dict(zip(BOTH_REFUSE, believed(list(BOTH_REFUSE.values())), strict=True))
    assert not [name for name, said in answers.items() if "refused" not in said]
    assert not [name for name, message in BOTH_REFUSE.items() if isinstance(verify(text_of(message)), Claims)]


def mutants(rng: random.Random) -> Iterator[bytes]:
    """Messages with bytes changed, put in, taken out, doubled or cut off, one to three times."""
    for _ in range(MUTANTS):
        raw = bytearray(COSE)
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(raw))
            how = rng.randrange(5)
            if how == 0:
                raw[at] ^= 1 << rng.randrange(8)
            elif how == 1:
                raw[at:at] = rng.randbytes(rng.randint(1, 3))
            elif how == 2:
                del raw[at : at + rng.randint(1, 3)]
            elif how == 3:
                raw += rng.randbytes(rng.randint(1, 3))
            else:
                raw[at:at] = raw[at : at + rng.randint(1, 8)]
        yield bytes(raw)


def test_of_4000_mutants_we_believe_none_and_python_cwt_none_that_says_something_new() -> None:
    """Ours refuses every change. python-cwt overlooks some, but never one that changes what the token says."""
    every = [mutant for mutant in mutants(random.Random(SEED)) if mutant != COSE]
    assert not [mutant.hex() for mutant in every if isinstance(verify(text_of(mutant)), Claims)], f"seed {SEED}"
    original = believed([COSE])[0]
    overlooked = [said for said in believed(every) if "claims" in said]
    assert len(overlooked) > MUTANTS // 20, "the mutants show no difference: they test nothing"
    assert all(said == original for said in overlooked), f"seed {SEED}"
