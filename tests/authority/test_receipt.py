"""A receipt says exactly what was signed, fits the QR code that was promised, and each fault has its own reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from locker.authority import base45, cose
from locker.authority.ed25519 import PrivateKey, PublicKey
from locker.authority.keys import kid_of
from locker.authority.receipt import Flaw, Receipt, ReceiptError, Rejected, sign, verify
from locker.cli import qr
from locker.model import Quality

KEY = PrivateKey(b"\x05" * 32)
PUBLIC = PublicKey(KEY.public)
STRANGER = PrivateKey(b"\x06" * 32)
EPOCH = "6f1c9ae2d0a1b2c3"
RECEIPT = Receipt(
    cabinet="xy-001",
    at_s=1_764_000_061,
    epoch=EPOCH,
    seq=41,
    order=b"20250612-0042",
    door=7,
    quality=Quality.SYNCED,
    log_hash=bytes(range(16)),
)
EVENT_ID = bytes.fromhex(EPOCH) + bytes([0, 0, 0, 0, 0, 0, 0, 41])
CLAIMS: dict[Any, Any] = {3: "xy-001", 6: 1_764_000_061, 7: EVENT_ID, -65537: [
    b"20250612-0042", 7, 41, "synced", bytes(range(16))]}  # fmt: skip


def enc(value: object) -> bytes:
    """Return canonical CBOR, by the library and not by the code under test."""
    return cbor2.dumps(value, canonical=True)


def text_of(message: bytes) -> bytes:
    """Return the text of COSE bytes."""
    return b"LKR1:" + base45.encode(message).encode()


def craft(
    claims: object = None,
    *,
    key: PrivateKey = KEY,
    header: object = None,
    protected: bytes | None = None,
    payload: bytes | None = None,
    signature: bytes | None = None,
) -> bytes:
    """Return a receipt that is truly signed over whatever header and payload are given, good or bad."""
    protected = enc({1: -8, 4: kid_of(key.public)} if header is None else header) if protected is None else protected
    payload = enc(CLAIMS if claims is None else claims) if payload is None else payload
    signature = key.sign(enc(["Signature1", protected, b"", payload])) if signature is None else signature
    return text_of(enc(cbor2.CBORTag(18, [protected, {}, payload, signature])))


def but(**changes: Any) -> dict[Any, Any]:
    """Return the claims with some replaced; of the deposit's five parts as well; None leaves a claim out."""
    keys = {"cabinet": 3, "at": 6, "event": 7, "deposit": -65537, "more": 99}
    parts = ("order", "door", "seq", "quality", "hash")
    claims = dict(CLAIMS)
    deposit = list(CLAIMS[-65537])
    for name, value in changes.items():
        if name in parts:
            deposit[parts.index(name)] = value
            claims[-65537] = deposit
        else:
            claims[keys[name]] = value
    return {key: value for key, value in claims.items() if value is not None}


GOOD = sign(RECEIPT, KEY)


def test_the_text_is_the_contracts_byte_for_byte() -> None:
    """Made by hand from the contract with another encoder, it is the same text; and it says what was put in."""
    assert craft() == GOOD.encode()
    assert verify(GOOD.encode(), PUBLIC) == RECEIPT
    assert RECEIPT.event_id == EVENT_ID
    assert sign(RECEIPT, KEY) == GOOD, "the same receipt always has the same text"


def test_blanks_around_a_copied_text_do_not_matter() -> None:
    """Who copies a text often copies an end of line."""
    assert verify(b" \r\n" + GOOD.encode() + b"\t\n", PUBLIC) == RECEIPT


def test_a_typical_receipt_is_qr_version_9_and_the_longest_that_is_signed_version_10() -> None:
    """Alphanumeric at M. With the longest id and order that a configuration allows there is room for 10^9 events."""
    assert qr.draw(GOOD).version == 9
    longest = replace(RECEIPT, cabinet="x" * 32, order=b"o" * 16, door=24, seq=2**32 - 1, at_s=2**32 - 1)
    assert qr.draw(sign(longest, KEY)).version == 10
    with pytest.raises(ReceiptError, match="at most 311; shorten"):
        sign(replace(longest, cabinet="柜" * 32), KEY)


@given(
    st.builds(
        Receipt,
        cabinet=st.from_regex("[a-z0-9][a-z0-9-]{0,31}", fullmatch=True),
        at_s=st.integers(0, 2**40),
        epoch=st.binary(min_size=8, max_size=8).map(bytes.hex),
        seq=st.integers(1, 2**32),
        order=st.binary(min_size=1, max_size=16),
        door=st.integers(1, 24),
        quality=st.sampled_from(Quality),
        log_hash=st.binary(min_size=16, max_size=16),
    )
)
def test_what_is_signed_is_read(receipt: Receipt) -> None:
    """Every receipt that a cabinet can make is read as it was made, and by no other key."""
    text = sign(receipt, KEY)
    assert verify(text.encode(), PUBLIC) == receipt
    assert isinstance(verify(text.encode(), PublicKey(STRANGER.public)), Rejected)
    assert qr.draw(text).version <= 10


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"cabinet": ""}, "cabinet"),
        ({"cabinet": "x" * 33}, "cabinet"),
        ({"cabinet": "x\n"}, "cabinet"),
        ({"at_s": -1}, "time"),
        ({"at_s": 1.5}, "time"),
        ({"epoch": "e"}, "epoch must be 16"),
        ({"epoch": EPOCH.upper()}, "epoch"),
        ({"epoch": EPOCH[:8] + " " + EPOCH[8:]}, "epoch"),
        ({"seq": 0}, "sequence"),
        ({"seq": True}, "sequence"),
        ({"seq": 2**63}, "sequence"),
        ({"order": b""}, "order must be a byte string of 1 to 16"),
        ({"order": b"x" * 17}, "order"),
        ({"order": "text"}, "order"),
        ({"door": 0}, "door"),
        ({"door": 25}, "door"),
        ({"log_hash": bytes(32)}, "log hash"),
    ],
)
def test_nonsense_is_not_signed(change: dict[str, Any], why: str) -> None:
    """Each bound is an error that names the field and not its value."""
    with pytest.raises(ReceiptError, match=why):
        sign(replace(RECEIPT, **change), KEY)


PROTECTED = enc({1: -8, 4: kid_of(KEY.public)})
PAYLOAD = enc(CLAIMS)
COSE = base45.decode(GOOD[5:].encode())

REFUSED: list[tuple[str, Flaw, bytes]] = [
    ("nothing", Flaw.FOREIGN, b""),
    ("a token", Flaw.FOREIGN, b"LK1:" + GOOD[5:].encode()),
    ("in small letters", Flaw.FOREIGN, GOOD.lower().encode()),
    ("a file of something", Flaw.TOO_LONG, b"LKR1:" + b"0" * 2000),
    ("too long", Flaw.TOO_LONG, b"LKR1:" + b"0" * 307),
    ("prefix alone", Flaw.MALFORMED, b"LKR1:"),
    ("not Base45", Flaw.UNREADABLE, GOOD.encode()[:40] + b"_" + GOOD.encode()[41:]),
    ("one character left over", Flaw.UNREADABLE, GOOD.encode() + b"00"),
    ("overflow", Flaw.UNREADABLE, GOOD.encode()[:-3] + b":::"),
    ("no tag", Flaw.MALFORMED, text_of(COSE[1:])),
    ("bytes behind it", Flaw.MALFORMED, text_of(COSE + b"\0")),
    ("signature of 63 bytes", Flaw.MALFORMED, craft(signature=bytes(63))),
    ("no kid", Flaw.HEADER, craft(header={1: -8})),
    ("alg missing", Flaw.HEADER, craft(header={4: kid_of(KEY.public)})),
    ("another alg", Flaw.HEADER, craft(header={1: -19, 4: kid_of(KEY.public)})),
    ("crit", Flaw.HEADER, craft(header={1: -8, 2: [1], 4: kid_of(KEY.public)})),
    ("another cabinet's key", Flaw.UNKNOWN_KEY, craft(key=STRANGER)),
    ("another's signature under our kid", Flaw.SIGNATURE, craft(signature=STRANGER.sign(b"x"))),
    ("a token's payload under a changed one", Flaw.SIGNATURE, craft(but(door=8), signature=COSE[-64:])),
    ("signed as something else", Flaw.SIGNATURE, craft(signature=KEY.sign(enc(["Sign", PROTECTED, b"", PAYLOAD])))),
    ("a token", Flaw.CLAIMS, craft({3: "xy-001", 4: 2, 6: 1, 7: EVENT_ID, -65537: [1, 0, b"o", 0]})),
    ("a claim more", Flaw.CLAIMS, craft(but(more=1))),
    ("no cabinet", Flaw.CLAIMS, craft(but(cabinet=None))),
    ("cabinet bytes", Flaw.CLAIMS, craft(but(cabinet=b"xy-001"))),
    ("cabinet with an escape", Flaw.CLAIMS, craft(but(cabinet="xy\x1b[2J"))),
    ("time true", Flaw.CLAIMS, craft(but(at=True))),
    ("time a float", Flaw.CLAIMS, craft(but(at=1764000061.0))),
    ("time negative", Flaw.CLAIMS, craft(but(at=-1))),
    ("event of 15 bytes", Flaw.CLAIMS, craft(but(event=bytes(15)))),
    ("event a text", Flaw.CLAIMS, craft(but(event=EVENT_ID.hex()))),
    ("event of another sequence", Flaw.CLAIMS, craft(but(seq=42))),
    ("event id 0", Flaw.CLAIMS, craft(but(event=bytes(16), seq=0))),
    ("deposit of four", Flaw.CLAIMS, craft(but(deposit=CLAIMS[-65537][:4]))),
    ("deposit a map", Flaw.CLAIMS, craft(but(deposit={0: 1}))),
    ("order empty", Flaw.CLAIMS, craft(but(order=b""))),
    ("order a text", Flaw.CLAIMS, craft(but(order="o"))),
    ("door 0", Flaw.CLAIMS, craft(but(door=0))),
    ("door 25", Flaw.CLAIMS, craft(but(door=25))),
    ("door true", Flaw.CLAIMS, craft(but(door=True))),
    ("sequence a float", Flaw.CLAIMS, craft(but(seq=41.0))),
    ("quality unknown", Flaw.CLAIMS, craft(but(quality="perfect"))),
    ("quality a list", Flaw.CLAIMS, craft(but(quality=["synced"]))),
    ("hash of 32 bytes", Flaw.CLAIMS, craft(but(hash=bytes(32)))),
    ("a tag inside", Flaw.CLAIMS, craft(payload=PAYLOAD.replace(b"\x06\x1a", b"\x06\xc1\x1a"))),
    ("claims twice", Flaw.CLAIMS, craft(payload=b"\xa5\x03\x61x" + PAYLOAD[1:])),
    ("claims length written long", Flaw.NOT_CANONICAL, craft(payload=b"\xb8\x04" + PAYLOAD[1:])),
    ("door written long", Flaw.NOT_CANONICAL, craft(payload=PAYLOAD.replace(b"0042\x07", b"0042\x18\x07"))),
    ("header out of order", Flaw.NOT_CANONICAL, craft(protected=b"\xa2" + PROTECTED[3:] + PROTECTED[1:3])),
    ("envelope written long", Flaw.NOT_CANONICAL, text_of(b"\xd2\x98\x04" + COSE[2:])),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "reading"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_each_fault_has_its_own_reason(reason: Flaw, reading: bytes) -> None:
    """Each reading of the table is rejected with exactly this reason and a short detail without the order."""
    found = verify(reading, PUBLIC)
    assert isinstance(found, Rejected), found
    assert found.reason is reason, found
    assert found.detail.isprintable()
    assert 0 < len(found.detail) < 200
    assert "20250612" not in found.detail
    assert b"20250612-0042".hex() not in found.detail


def test_the_table_has_every_reason() -> None:
    """No reason is there that nothing leads to."""
    assert {reason for _, reason, _ in REFUSED} == set(Flaw)


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_rejected_and_nothing_else_happens(raw: bytes) -> None:
    """As a text, and as a message behind the prefix."""
    for reading in (raw, b"LKR1:" + raw, text_of(raw), text_of(b"\xd2" + raw)):
        assert isinstance(verify(reading, PUBLIC), Rejected)


def test_the_key_is_found_by_its_id_alone() -> None:
    """The kid is the first 4 bytes of the SHA-256 of the public key, as for tokens."""
    assert cose.header(cose.decode(COSE)) == (-8, kid_of(KEY.public))
