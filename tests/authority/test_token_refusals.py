"""Each reading that is no good token is refused with its own reason, in the contract's order of checks."""

from __future__ import annotations

import pytest
from crafted import (
    CABINET,
    COSE,
    CUT,
    DEPOSIT,
    EARLY,
    EXP,
    GOOD,
    IAT,
    LATE,
    NEW,
    NOW,
    OLD,
    PERSON,
    RESIDENT,
    REVOKED_CTI,
    STAFF,
    STRANGER,
    but,
    craft,
    enc,
    text_of,
    verify,
)

from locker.authority.keys import KeyRing, kid_of
from locker.authority.token import Authority, Refused
from locker.model import Refusal

PAYLOAD = enc(DEPOSIT)
HEADER = enc({1: -8, 4: kid_of(RESIDENT.public)})
S = b"\x58\x40" + RESIDENT.sign(enc(["Signature1", HEADER, b"", PAYLOAD]))
H, B = enc(HEADER), enc(PAYLOAD)


def errand(*items: object) -> bytes:
    """Return a deposit with this array as its errand."""
    return craft(but(errand=list(items)))


def payload(hexadecimal: str, at: bytes) -> bytes:
    """Return a signed deposit in which the encoded bytes ``at`` of the payload are replaced."""
    assert PAYLOAD.count(at) == 1
    return craft(payload=PAYLOAD.replace(at, bytes.fromhex(hexadecimal)))


E_IAT = b"\x06" + enc(IAT)
E_DOOR = enc([1, 0, b"order-1", 0])
E_ERRAND = enc(-65537) + E_DOOR

REFUSED: list[tuple[str, Refusal, bytes]] = [
    ("nothing", Refusal.UNREADABLE, b""),
    ("blanks", Refusal.UNREADABLE, b" \r\n"),
    ("in small letters", Refusal.UNREADABLE, GOOD.lower()),
    ("prefix in small letters", Refusal.UNREADABLE, b"lk1:" + GOOD[4:]),
    ("a payment code", Refusal.FOREIGN, b"https://qr.alipay.com/fkx1234567890"),
    ("a number", Refusal.FOREIGN, b"6901234567892"),
    ("binary", Refusal.FOREIGN, bytes(range(256))),
    ("another version", Refusal.FOREIGN, b"LK2:" + GOOD[4:]),
    ("a receipt", Refusal.FOREIGN, b"LKR1:" + GOOD[4:]),
    ("something before", Refusal.FOREIGN, b"X" + GOOD),
    ("a zero byte before", Refusal.FOREIGN, b"\0" + GOOD),
    ("full-width prefix", Refusal.FOREIGN, "ＬＫ１：".encode() + GOOD[4:]),
    ("part of the prefix", Refusal.FOREIGN, b"LK1"),
    ("401 characters", Refusal.TOO_LONG, b"LK1:" + b"0" * 397),
    ("a long foreign code", Refusal.TOO_LONG, b"x" * 500),
    ("a long reading", Refusal.TOO_LONG, b"\0" * 100_000),
    ("two tokens", Refusal.TWO_CODES, GOOD + GOOD),
    ("two tokens on two lines", Refusal.TWO_CODES, GOOD + b"\r\n" + craft(but(cti=b"x" * 16)) + b"\r\n"),
    ("two short tokens", Refusal.TWO_CODES, GOOD[:150] + GOOD[:150]),
    ("prefix twice", Refusal.TWO_CODES, b"LK1:" + GOOD),
    ("not the alphabet", Refusal.UNREADABLE, GOOD[:50] + b"_" + GOOD[51:]),
    ("not ASCII", Refusal.UNREADABLE, GOOD[:50] + "红".encode() + GOOD[53:]),
    ("a blank byte inside", Refusal.UNREADABLE, GOOD[:50] + b"\0" + GOOD[51:]),
    ("one character left over", Refusal.UNREADABLE, b"LK1:" + b"0" * 4),
    ("overflow", Refusal.UNREADABLE, b"LK1::::"),
    ("prefix alone", Refusal.MALFORMED, b"LK1:"),
    ("a token cut short", Refusal.MALFORMED, text_of(COSE[:-1])),
    ("a byte after it", Refusal.MALFORMED, text_of(COSE + b"\0")),
    ("an item after it", Refusal.MALFORMED, text_of(COSE + COSE[:40])),
    ("no tag", Refusal.MALFORMED, text_of(COSE[1:])),
    ("tag 98, a COSE_Sign", Refusal.MALFORMED, text_of(b"\xd8\x62" + COSE[1:])),
    ("tag 61 around it", Refusal.MALFORMED, text_of(b"\xd8\x3d" + COSE)),
    ("tag 18 written long", Refusal.MALFORMED, text_of(b"\xd8\x12" + COSE[1:])),
    ("three parts", Refusal.MALFORMED, text_of(b"\xd2\x83" + H + b"\xa0" + B)),
    ("indefinite array", Refusal.MALFORMED, text_of(b"\xd2\x9f" + COSE[2:] + b"\xff")),
    ("kid outside", Refusal.MALFORMED, text_of(b"\xd2\x84" + H + b"\xa1\x04\x40" + B + S)),
    ("unprotected false", Refusal.MALFORMED, text_of(b"\xd2\x84" + H + b"\xf4" + B + S)),
    ("unprotected tagged", Refusal.MALFORMED, text_of(b"\xd2\x84" + H + b"\xc1\xa0" + B + S)),
    ("payload detached", Refusal.MALFORMED, text_of(b"\xd2\x84" + H + b"\xa0\xf6" + S)),
    ("signature of 63 bytes", Refusal.MALFORMED, craft(signature=bytes(63))),
    ("signature as text", Refusal.MALFORMED, text_of(b"\xd2\x84" + H + b"\xa0" + B + enc("s" * 64))),
    ("no header", Refusal.HEADER, craft(protected=b"")),
    ("no kid", Refusal.HEADER, craft(header={1: -8})),
    ("no alg", Refusal.HEADER, craft(header={4: kid_of(RESIDENT.public)})),
    ("a crit label", Refusal.HEADER, craft(header={1: -8, 2: [4], 4: kid_of(RESIDENT.public)})),
    ("alg twice", Refusal.HEADER, craft(protected=b"\xa3\x01\x27\x01\x27" + HEADER[3:])),
    ("alg key true", Refusal.HEADER, craft(protected=b"\xa2\xf5\x27" + HEADER[3:])),
    ("alg ES256", Refusal.HEADER, craft(header={1: -7, 4: kid_of(RESIDENT.public)})),
    ("alg -19 on a key of -8", Refusal.HEADER, craft(header={1: -19, 4: kid_of(RESIDENT.public)})),
    ("alg -8 on a key of -19", Refusal.HEADER, craft(key=NEW)),
    ("alg a name", Refusal.HEADER, craft(header={1: "EdDSA", 4: kid_of(RESIDENT.public)})),
    ("kid of 8 bytes", Refusal.HEADER, craft(header={1: -8, 4: bytes(8)})),
    ("a stranger's key", Refusal.UNKNOWN_KEY, craft(key=STRANGER)),
    ("a retired key", Refusal.KEY_RETIRED, craft(key=OLD)),
    ("a key whose time is over", Refusal.KEY_NOT_VALID, craft(key=EARLY)),
    ("a key whose time is to come", Refusal.KEY_NOT_VALID, craft(key=LATE)),
    ("another key's signature", Refusal.SIGNATURE, craft(key=STRANGER, header={1: -8, 4: kid_of(RESIDENT.public)})),
    ("no signature", Refusal.SIGNATURE, craft(signature=bytes(64))),
    ("another token's signature", Refusal.SIGNATURE, craft(but(cti=b"x" * 16), signature=COSE[-64:])),
    ("claims an array", Refusal.CLAIMS, craft([1, 2, 3])),
    ("claims not CBOR", Refusal.CLAIMS, craft(payload=b"\x1c")),
    ("claims with a tail", Refusal.CLAIMS, craft(payload=PAYLOAD + b"\0")),
    ("claims of indefinite length", Refusal.CLAIMS, craft(payload=b"\xbf" + PAYLOAD[1:] + b"\xff")),
    ("no claims", Refusal.CLAIMS, craft({})),
    ("no aud", Refusal.CLAIMS, craft(but(aud=None))),
    ("no exp", Refusal.CLAIMS, craft(but(exp=None))),
    ("no iat", Refusal.CLAIMS, craft(but(iat=None))),
    ("no cti", Refusal.CLAIMS, craft(but(cti=None))),
    ("no errand", Refusal.CLAIMS, craft(but(errand=None))),
    ("an issuer claim", Refusal.CLAIMS, craft({**DEPOSIT, 1: "cloud"})),
    ("an unknown claim", Refusal.CLAIMS, craft({**DEPOSIT, -65538: 0})),
    ("a text claim", Refusal.CLAIMS, craft({**DEPOSIT, "x": 0})),
    ("a resident with a name", Refusal.CLAIMS, craft({**DEPOSIT, 2: "li"})),
    ("staff without a name", Refusal.CLAIMS, craft({**DEPOSIT, -65537: [3, 0, b"", 0]}, key=STAFF)),
    ("staff with an order", Refusal.CLAIMS, craft({**PERSON, -65537: [3, 0, b"o", 0]}, key=STAFF)),
    ("staff with an empty name", Refusal.CLAIMS, craft({**PERSON, 2: ""}, key=STAFF)),
    ("staff with 33 characters", Refusal.CLAIMS, craft({**PERSON, 2: "x" * 33}, key=STAFF)),
    ("staff with a line break", Refusal.CLAIMS, craft({**PERSON, 2: "li\nna"}, key=STAFF)),
    ("staff with a name in bytes", Refusal.CLAIMS, craft({**PERSON, 2: b"li"}, key=STAFF)),
    ("claim twice", Refusal.CLAIMS, craft(payload=b"\xa6" + PAYLOAD[1:] + E_IAT)),
    ("claim twice, written long", Refusal.CLAIMS, craft(payload=b"\xa6" + PAYLOAD[1:] + b"\x18" + E_IAT)),
    ("aud a list", Refusal.CLAIMS, craft(but(aud=[CABINET]))),
    ("aud bytes", Refusal.CLAIMS, craft(but(aud=CABINET.encode()))),
    ("aud empty", Refusal.CLAIMS, craft(but(aud=""))),
    ("exp a float", Refusal.CLAIMS, craft(but(exp=float(EXP)))),
    ("exp a text", Refusal.CLAIMS, craft(but(exp=str(EXP)))),
    ("exp negative", Refusal.CLAIMS, craft(but(exp=-1))),
    ("exp too far", Refusal.CLAIMS, craft(but(exp=2**64 - 1, iat=2**64 - 9))),
    ("iat true", Refusal.CLAIMS, craft(but(iat=True, exp=60))),
    ("iat a tagged date", Refusal.CLAIMS, payload("06c1" + enc(IAT).hex(), E_IAT)),
    ("iat a bignum", Refusal.CLAIMS, payload("06c244" + f"{IAT:08x}", E_IAT)),
    ("iat a pattern", Refusal.CLAIMS, payload("06d823612e", E_IAT)),
    ("iat self-described", Refusal.CLAIMS, payload("06d9d9f7" + enc(IAT).hex(), E_IAT)),
    ("nbf nil", Refusal.CLAIMS, craft({**DEPOSIT, 5: None})),
    ("nbf true", Refusal.CLAIMS, craft(but(nbf=True))),
    ("nbf at exp", Refusal.CLAIMS, craft(but(nbf=EXP))),
    ("no life", Refusal.CLAIMS, craft(but(exp=IAT))),
    ("life backwards", Refusal.CLAIMS, craft(but(exp=IAT - 1))),
    ("a deposit of 7 days and a second", Refusal.CLAIMS, craft(but(exp=IAT + 7 * 86_400 + 1))),
    (
        "a collect of 60 days and a second",
        Refusal.CLAIMS,
        craft(but(exp=IAT + 60 * 86_400 + 1, errand=[2, 0, b"o", 0])),
    ),
    ("cti of 15 bytes", Refusal.CLAIMS, craft(but(cti=bytes(15)))),
    ("cti of 17 bytes", Refusal.CLAIMS, craft(but(cti=bytes(17)))),
    ("cti a text", Refusal.CLAIMS, craft(but(cti="0123456789abcdef"))),
    ("nonce of 7 bytes", Refusal.CLAIMS, craft(but(nonce=bytes(7)))),
    ("nonce a number", Refusal.CLAIMS, craft(but(nonce=8))),
    ("errand a map", Refusal.CLAIMS, craft(but(errand={0: 1}))),
    ("errand of three", Refusal.CLAIMS, errand(1, 0, b"o")),
    ("errand of five", Refusal.CLAIMS, errand(1, 0, b"o", 0, 0)),
    ("purpose 0", Refusal.CLAIMS, errand(0, 0, b"o", 0)),
    ("purpose 5", Refusal.CLAIMS, errand(5, 0, b"o", 0)),
    ("purpose true", Refusal.CLAIMS, errand(True, 0, b"o", 0)),
    ("purpose 1.0", Refusal.CLAIMS, errand(1.0, 0, b"o", 0)),
    ("purpose a bignum", Refusal.CLAIMS, payload("84c2410100476f726465722d3100", E_DOOR)),
    ("purpose a text", Refusal.CLAIMS, errand("deposit", 0, b"o", 0)),
    ("purpose an array", Refusal.CLAIMS, errand([1], 0, b"o", 0)),
    ("door 25", Refusal.CLAIMS, errand(1, 25, b"o", 0)),
    ("door -1", Refusal.CLAIMS, errand(1, -1, b"o", 0)),
    ("door false", Refusal.CLAIMS, errand(1, False, b"o", 0)),
    ("door 0.0", Refusal.CLAIMS, errand(1, 0.0, b"o", 0)),
    ("door nil", Refusal.CLAIMS, errand(1, None, b"o", 0)),
    ("order empty", Refusal.CLAIMS, errand(1, 0, b"", 0)),
    ("order of 17 bytes", Refusal.CLAIMS, errand(1, 0, b"x" * 17, 0)),
    ("order a text", Refusal.CLAIMS, errand(1, 0, "order-1", 0)),
    ("flags 16", Refusal.CLAIMS, errand(1, 0, b"o", 16)),
    ("flags true", Refusal.CLAIMS, errand(1, 0, b"o", True)),
    ("flags -1", Refusal.CLAIMS, errand(1, 0, b"o", -1)),
    ("envelope lengths written long", Refusal.NOT_CANONICAL, text_of(b"\xd2\x98\x04" + COSE[2:])),
    ("signature length written long", Refusal.NOT_CANONICAL, text_of(COSE[:-66] + b"\x59\x00" + COSE[-65:])),
    ("header out of order", Refusal.NOT_CANONICAL, craft(protected=b"\xa2" + HEADER[3:] + b"\x01\x27")),
    ("header written long", Refusal.NOT_CANONICAL, craft(protected=b"\xa2\x01\x38\x07" + HEADER[3:])),
    ("claims out of order", Refusal.NOT_CANONICAL, craft(payload=b"\xa5" + E_ERRAND + PAYLOAD[1 : -len(E_ERRAND)])),
    ("claims length written long", Refusal.NOT_CANONICAL, craft(payload=b"\xb8\x05" + PAYLOAD[1:])),
    ("claim key written long", Refusal.NOT_CANONICAL, payload("18" + E_IAT.hex(), E_IAT)),
    ("iat written long", Refusal.NOT_CANONICAL, payload("061b00000000" + f"{IAT:08x}", E_IAT)),
    ("door written long", Refusal.NOT_CANONICAL, payload("84011800476f726465722d3100", E_DOOR)),
    ("order length written long", Refusal.NOT_CANONICAL, payload("8401005807" + b"order-1".hex() + "00", E_DOOR)),
    ("another cabinet", Refusal.WRONG_CABINET, craft(but(aud="sjz-gate-2"))),
    ("the cabinet in capitals", Refusal.WRONG_CABINET, craft(but(aud=CABINET.upper()))),
    ("the cabinet and more", Refusal.WRONG_CABINET, craft(but(aud=CABINET + " "))),
    ("a staff token by the residents' key", Refusal.PURPOSE, craft(PERSON)),
    ("a deposit by the staff's key", Refusal.PURPOSE, craft(key=STAFF)),
    ("expired", Refusal.EXPIRED, craft(but(iat=IAT - 3600, exp=IAT - 60))),
    ("issued in the future", Refusal.NOT_YET_VALID, craft(but(iat=IAT + 181))),
    ("booked for later", Refusal.NOT_YET_VALID, craft(but(nbf=IAT + 181))),
    ("issued before its key's cut-off", Refusal.CUT_OFF, craft(but(iat=IAT - 1), key=CUT)),
    ("revoked", Refusal.REVOKED, craft(but(cti=REVOKED_CTI))),
]


@pytest.mark.parametrize(("reason", "reading"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_each_fault_has_its_own_refusal(reason: Refusal, reading: bytes) -> None:
    """Each reading of the table is refused with exactly this reason and a short detail without the order."""
    verdict = verify(reading)
    assert isinstance(verdict, Refused)
    assert verdict.reason is reason
    assert 0 < len(verdict.detail) < 200
    assert verdict.detail.isprintable()
    assert "order-1" not in verdict.detail


def test_the_table_has_every_reason_that_a_token_can_have() -> None:
    """Reasons that need the ledger, the store or the cloud come from elsewhere; all others are in the table."""
    ours = list(Refusal)[: list(Refusal).index(Refusal.REVOKED) + 1]
    assert {reason for _, reason, _ in REFUSED} == set(ours)


BEFORE_THE_SIGNATURE = frozenset(list(Refusal)[: list(Refusal).index(Refusal.SIGNATURE) + 1])


@pytest.mark.parametrize(("reason", "reading"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_claims_are_shown_only_when_the_signature_is_good(reason: Refusal, reading: bytes) -> None:
    """A refusal carries claims only from NOT_CANONICAL on; who signed is known from UNKNOWN_KEY on."""
    verdict = verify(reading)
    assert isinstance(verdict, Refused)
    assert (verdict.claims is None) == (reason in BEFORE_THE_SIGNATURE or reason is Refusal.CLAIMS)
    if list(Refusal).index(reason) >= list(Refusal).index(Refusal.UNKNOWN_KEY):
        assert len(verdict.kid) == 4


WORSE_AND_WORSE: list[tuple[Refusal, bytes]] = [
    (Refusal.TOO_LONG, b"x" * 401),
    (Refusal.FOREIGN, b"_" * 10),
    (Refusal.UNREADABLE, b"LK1:_"),
    (Refusal.MALFORMED, craft(key=STRANGER, header={}, signature=bytes(3))),
    (Refusal.HEADER, craft(header={1: -7, 4: b"none", 5: 1}, signature=bytes(64))),
    (Refusal.UNKNOWN_KEY, craft(header={1: -7, 4: b"none"}, signature=bytes(64))),
    (Refusal.KEY_RETIRED, craft(header={1: -7, 4: kid_of(OLD.public)}, signature=bytes(64))),
    (Refusal.KEY_NOT_VALID, craft(header={1: -7, 4: kid_of(EARLY.public)}, signature=bytes(64))),
    (Refusal.SIGNATURE, craft(but(aud=None), signature=bytes(64))),
    (Refusal.CLAIMS, craft(payload=b"\xa1\x18\x03\x60")),
    (Refusal.NOT_CANONICAL, craft(payload=b"\xb8\x05" + enc(but(aud="another", exp=IAT + 1, iat=IAT))[1:])),
    (Refusal.WRONG_CABINET, craft({**PERSON, 3: "another", 4: IAT - 1000, 6: IAT - 2000})),
    (Refusal.PURPOSE, craft({**PERSON, 4: IAT - 1000, 6: IAT - 2000})),
    (Refusal.EXPIRED, craft(but(iat=IAT - 2000, exp=IAT - 1000, cti=REVOKED_CTI), key=CUT)),
    (Refusal.CUT_OFF, craft(but(iat=IAT - 1, cti=REVOKED_CTI), key=CUT)),
]


@pytest.mark.parametrize(("reason", "reading"), WORSE_AND_WORSE, ids=[row[0].name for row in WORSE_AND_WORSE])
def test_the_checks_come_in_the_contracts_order(reason: Refusal, reading: bytes) -> None:
    """Each of these readings has at least two faults; the one that the contract checks first is named."""
    verdict = verify(reading)
    assert isinstance(verdict, Refused)
    assert verdict.reason is reason


def test_a_cabinet_without_keys_refuses_every_token() -> None:
    """No key is not any key."""
    verdict = Authority(KeyRing([]), CABINET).verify(GOOD, NOW)
    assert isinstance(verdict, Refused)
    assert verdict.reason is Refusal.UNKNOWN_KEY
