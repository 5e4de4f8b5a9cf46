"""The COSE working group's Examples: single signatures that must hold, and those that must not.

All but one are ES256, with their key id outside of what is signed: no such message is a token of ours, so each is
refused by the strict decoder before the question of its failure comes up. To make the failures count, two things more
are done. Their P-256 signatures are checked over *our* Sig_structure (good where nothing signed was changed, bad where
something was), and each failure is done once more to a good token of ours, which is then refused with its own reason.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cbor2
import pytest
from crafted import COSE, DEPOSIT, RESIDENT, craft, enc, text_of, verify
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

from locker.authority import cose
from locker.authority.ed25519 import PublicKey
from locker.authority.keys import kid_of
from locker.authority.token import Refused
from locker.model import Refusal

EXAMPLES: dict[str, Any] = json.loads(Path(__file__).with_name("cose_wg_examples.json").read_text(encoding="ascii"))
VECTORS: dict[str, dict[str, str]] = EXAMPLES["vectors"]
NO_TAG_18 = "does not begin with tag 18"
KID_OUTSIDE = "the unprotected header must be an empty map"

# What our decoder says to each, and whether its signature (ES256) is good over our Sig_structure.
EXPECTED: dict[str, tuple[str, bool | None]] = {
    "sign-pass-01": (KID_OUTSIDE, False),  # {} protected: signed as h'' (RFC 9052, section 4.4); ours is never empty
    "sign-pass-02": (KID_OUTSIDE, False),  # external data are signed too; ours has none
    "sign-pass-03": (NO_TAG_18, True),
    "sign-fail-01": (NO_TAG_18, True),
    "sign-fail-02": (KID_OUTSIDE, False),
    "sign-fail-03": (KID_OUTSIDE, False),
    "sign-fail-04": (KID_OUTSIDE, False),
    "sign-fail-06": (KID_OUTSIDE, False),
    "sign-fail-07": (KID_OUTSIDE, False),
    "eddsa-sig-01": (KID_OUTSIDE, None),
    "eddsa-sig-02": (KID_OUTSIDE, None),
    "eddsa-01": (NO_TAG_18, None),
}


def raw(name: str) -> bytes:
    """The message of a vector."""
    return bytes.fromhex(VECTORS[name]["cbor"])


def parts(name: str) -> list[Any]:
    """Header, unprotected header, payload and signature, by the library and not by the code under test."""
    item = cbor2.loads(raw(name))
    return list(item.value if isinstance(item, cbor2.CBORTag) else item)


def es256_good(signed: bytes, signature: bytes) -> bool:
    """Whether the group's P-256 key made this signature over these bytes."""
    x, y = (int(EXAMPLES[name], 16) for name in ("p256_x", "p256_y"))
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    try:
        key.verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def test_no_vector_is_left_out() -> None:
    """Everything that the fixture holds is judged below."""
    assert VECTORS.keys() == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_none_is_a_token_of_ours(name: str) -> None:
    """Each is refused by the decoder, and by the verifier as a malformed reading, with the same reason."""
    why, _ = EXPECTED[name]
    with pytest.raises(cose.CoseError) as wrong:
        cose.decode(raw(name))
    assert str(wrong.value) == why
    refused = verify(text_of(raw(name)))
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.detail) == (Refusal.MALFORMED, why)


@pytest.mark.parametrize("name", [name for name, (_, good) in EXPECTED.items() if good is not None])
def test_our_sig_structure_tells_the_good_from_the_bad(name: str) -> None:
    """Over what the group says it signed, all signatures are good; over our structure, those of unchanged parts are."""
    protected, _, payload, signature = parts(name)
    ours, theirs = cose.to_be_signed(protected, payload), bytes.fromhex(VECTORS[name]["signed"])
    assert es256_good(theirs, signature)
    assert es256_good(ours, signature) is EXPECTED[name][1] is (ours == theirs)


def test_an_empty_header_and_external_data_are_all_that_our_structure_leaves_out() -> None:
    """The two good vectors that it does not fit: signed with h'' for {}, and with external data in the third place."""
    for name, protected, external in [
        ("sign-pass-01", b"", b""),
        ("sign-pass-02", parts("sign-pass-02")[0], bytes.fromhex(VECTORS["sign-pass-02"]["external"])),
    ]:
        theirs = bytes.fromhex(VECTORS[name]["signed"])
        assert cbor2.dumps(["Signature1", protected, external, parts(name)[2]]) == theirs
    assert cose.to_be_signed(b"", parts("sign-pass-01")[2]) == bytes.fromhex(VECTORS["sign-pass-01"]["signed"])


def test_the_ed25519_signature_holds_through_our_code() -> None:
    """Example eddsa-sig-01: our Sig_structure, our Ed25519; with one byte of the payload changed it does not hold."""
    protected, _, payload, signature = parts("eddsa-sig-01")
    key = PublicKey(bytes.fromhex(EXAMPLES["ed25519"]))
    assert key.verify(signature, cose.to_be_signed(protected, payload))
    assert not key.verify(signature, cose.to_be_signed(protected, payload[:-1] + b"/"))
    assert cose.decode_map(protected) == {1: cose.EDDSA, 3: 0}


def test_the_ed25519_signature_of_several_signers_holds_through_our_ed25519() -> None:
    """Example eddsa-01 has tag 98 and another Sig_structure; its signature is good, and still no token's."""
    protected, _, payload, [[signer, _, signature]] = parts("eddsa-01")
    signed = cbor2.dumps(["Signature", protected, signer, b"", payload])
    key = PublicKey(bytes.fromhex(EXAMPLES["ed25519"]))
    assert key.verify(signature, signed)
    assert not key.verify(signature, cose.to_be_signed(protected, payload))


def test_put_into_our_envelope_the_ed448_signature_is_too_long() -> None:
    """Example eddsa-sig-02 is the same algorithm number on another curve: 114 bytes, refused by their number."""
    protected, _, payload, signature = parts("eddsa-sig-02")
    with pytest.raises(cose.CoseError, match="114 bytes, not 64"):
        cose.decode(cose.encode_message(protected, payload, signature))


GOOD_HEADER = enc({1: -8, 4: kid_of(RESIDENT.public)})
GOOD_PAYLOAD = enc(DEPOSIT)
GOOD_SIGNATURE = RESIDENT.sign(cose.to_be_signed(GOOD_HEADER, GOOD_PAYLOAD))


def header_changed(**changes: Any) -> bytes:
    """Our good token with another protected header and the signature that it had."""
    labels = {"alg": 1, "crit": 2, "ctyp": 3, "kid": 4}
    header = {1: -8, 4: kid_of(RESIDENT.public)} | {labels[name]: value for name, value in changes.items()}
    kept = {label: value for label, value in header.items() if value is not None}
    return craft(header=kept, signature=GOOD_SIGNATURE)


OTHER_PAYLOAD = enc(DEPOSIT | {-65537: [1, 0, b"order-2", 0]})
OUTSIDE = cbor2.CBORTag(18, [b"\xa0", {1: -8, 4: kid_of(RESIDENT.public)}, GOOD_PAYLOAD, GOOD_SIGNATURE])
EXTERNAL = RESIDENT.sign(enc(["Signature1", GOOD_HEADER, b"\x11", GOOD_PAYLOAD]))

# The same failures, done to a good token of ours.
FAILURES = {
    "sign-fail-01: tag 998": (text_of(b"\xd9\x03\xe6" + COSE[1:]), Refusal.MALFORMED),
    "sign-fail-02: payload changed": (craft(payload=OTHER_PAYLOAD, signature=GOOD_SIGNATURE), Refusal.SIGNATURE),
    "sign-fail-03: alg -999": (header_changed(alg=-999), Refusal.HEADER),
    "sign-fail-04: alg a text": (header_changed(alg="unknown"), Refusal.HEADER),
    "sign-fail-06: attribute added": (header_changed(ctyp=0), Refusal.HEADER),
    "sign-fail-07: attribute removed": (header_changed(alg=None), Refusal.HEADER),
    "sign-pass-01: header outside": (text_of(enc(OUTSIDE)), Refusal.MALFORMED),
    "sign-pass-02: external data": (craft(signature=EXTERNAL), Refusal.SIGNATURE),
    "sign-pass-03: no tag": (text_of(COSE[1:]), Refusal.MALFORMED),
}


@pytest.mark.parametrize("name", FAILURES)
def test_the_same_failure_in_a_token_of_ours_has_its_own_reason(name: str) -> None:
    """What the group does to its messages, done to ours: refused where it is done, and not for something else."""
    reading, reason = FAILURES[name]
    refused = verify(reading)
    assert isinstance(refused, Refused)
    assert refused.reason is reason
