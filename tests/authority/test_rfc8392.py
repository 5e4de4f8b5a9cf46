"""RFC 8392, appendix A, in full: what of it is ours is read alike, what is not is refused with its reason.

Nothing in the appendix is signed with Ed25519. So: the claims set (A.1) and the keys' maps (A.2) go through our strict
decoder; the signature of A.3 and A.6 is good over our Sig_structure; that A.4 to A.7 were copied rightly is shown by
their MAC and by decrypting them here; and each of A.3 to A.7, wrapped as a reading, is refused by the verifier, with
the first thing that is not our contract's: tag 18, an empty unprotected header, no tag 61 around it.
"""

from __future__ import annotations

import hmac
import json
from pathlib import Path
from typing import Any

import cbor2
import pytest
from crafted import text_of, verify
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.hashes import SHA256

from locker.authority import cose
from locker.authority.claims import ClaimsError, read
from locker.authority.token import Refused
from locker.model import Refusal

FIGURES = json.loads(Path(__file__).with_name("rfc8392_appendix_a.json").read_text(encoding="ascii"))
A = {name: bytes.fromhex(figure) for name, figure in FIGURES.items() if name != "source"}
K, X, Y = -1, -2, -3
"""Labels of keys: the symmetric key itself, and a point's coordinates (RFC 9053, sections 7.1.1 and 7.2)."""
KID = {"A.2.1": b"Symmetric128", "A.2.2": b"Symmetric256", "A.2.3": b"AsymmetricECDSA256"}


def parts(message: bytes) -> list[Any]:
    """The array inside the tags, by the library and not by the code under test."""
    item = cbor2.loads(message)
    while isinstance(item, cbor2.CBORTag):
        item = item.value
    return list(item)


def decrypted(message: bytes) -> bytes:
    """The plaintext of a COSE_Encrypt0 in AES-CCM-16-64-128 under the key of A.2.1 (RFC 9052, section 5.3)."""
    protected, unprotected, ciphertext = parts(message)
    key = AESCCM(cose.decode_map(A["A.2.1"])[K], tag_length=8)
    return key.decrypt(unprotected[5], ciphertext, cbor2.dumps(["Encrypt0", protected, b""]))


def ecdsa_holds(message: bytes) -> bool:
    """Whether the P-256 signature of a COSE_Sign1 is that of A.2.3 over *our* Sig_structure; raises where not."""
    protected, _, payload, signature = parts(message)
    point = cose.decode_map(A["A.2.3"])
    x, y = (int.from_bytes(point[label], "big") for label in (X, Y))
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    key.verify(utils.encode_dss_signature(r, s), cose.to_be_signed(protected, payload), ec.ECDSA(SHA256()))
    return True


def test_a1_the_claims_set_is_read_and_encoded_as_in_the_standard() -> None:
    """Seven claims under the standard's numbers, and the figure's bytes are their only deterministic encoding."""
    claims = cose.decode_map(A["A.1"])
    assert claims == {
        1: "coap://as.example.com",
        2: "erikw",
        3: "coap://light.example.com",
        4: 1444064944,
        5: 1443944944,
        6: 1443944944,
        7: b"\x0b\x71",
    }
    assert cose.encode(claims) == A["A.1"]


def test_a1_is_no_token_of_ours() -> None:
    """It has an issuer, which ours never say, and nothing of what a cabinet is asked for."""
    with pytest.raises(ClaimsError, match="-65537 must be an array of four"):
        read(cose.decode_map(A["A.1"]), b"kidd")


@pytest.mark.parametrize(("name", "kty", "alg"), [("A.2.1", 4, 10), ("A.2.2", 4, 10), ("A.2.3", 2, -7)])
def test_a2_the_keys_are_maps_that_we_read(name: str, kty: int, alg: int) -> None:
    """Type, id and algorithm as in the hexadecimal figures; their order of labels is not the deterministic one.

    Of A.2.2 the figure in hexadecimal says alg 10 where the figure in words says 4: the standard disagrees with itself.
    """
    key = cose.decode_map(A[name])
    assert (key[1], key[2], key[3]) == (kty, KID[name], alg)
    assert cose.encode(key) != A[name]
    assert cose.decode_map(cose.encode(key)) == key


def test_a3_the_signature_is_good_over_our_sig_structure() -> None:
    """P-256 and not Ed25519, but what is signed has the same form."""
    assert ecdsa_holds(A["A.3"])
    assert parts(A["A.3"])[2] == A["A.1"]


@pytest.mark.parametrize("name", ["A.4", "A.7"])
def test_a4_and_a7_the_macs_are_the_standards(name: str) -> None:
    """HMAC-SHA-256 cut to 64 bits, under the key of A.2.2: both figures are here as they were printed."""
    protected, _, payload, tag = parts(A[name])
    whole = hmac.digest(cose.decode_map(A["A.2.2"])[K], cbor2.dumps(["MAC0", protected, b"", payload]), "sha256")
    assert tag == whole[:8]


def test_a5_what_is_encrypted_is_a1() -> None:
    """Decrypted with the key of A.2.1, it is the claims set, byte for byte."""
    assert decrypted(A["A.5"]) == A["A.1"]


def test_a6_what_is_nested_is_a_signed_token_and_is_refused_like_a3() -> None:
    """Decrypted it is a COSE_Sign1 over A.1 whose signature is good; its key id is in the unprotected header."""
    inner = decrypted(A["A.6"])
    assert ecdsa_holds(inner)
    assert parts(inner)[2] == A["A.1"]
    with pytest.raises(cose.CoseError, match="unprotected header must be an empty map"):
        cose.decode(inner)


def test_a7_a_time_with_a_fraction_is_a_number_to_cbor_and_no_time_to_us() -> None:
    """The map is read (iat 1443944944.5), but in a token of ours a floating-point iat is refused."""
    payload = parts(A["A.7"])[2]
    assert cose.decode_map(payload) == {6: 1443944944.5}
    fields = {3: "c", 4: 1443944945, 7: bytes(16), -65537: [1, 0, b"o", 0], **cose.decode_map(payload)}
    with pytest.raises(ClaimsError, match="iat must be an unsigned integer"):
        read(fields, b"kidd")


REASONS = {
    "A.3": "the unprotected header must be an empty map",
    "A.4": "does not begin with tag 18",
    "A.5": "does not begin with tag 18",
    "A.6": "does not begin with tag 18",
    "A.7": "does not begin with tag 18",
}


@pytest.mark.parametrize("name", REASONS)
def test_every_message_of_the_appendix_is_refused_by_the_verifier(name: str) -> None:
    """Shown to a cabinet as a token, each is malformed, for the reason above; none is silently taken for ours."""
    refused = verify(text_of(A[name]))
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.detail) == (Refusal.MALFORMED, REASONS[name])


def test_a4_without_its_outer_tag_is_refused_too() -> None:
    """Tag 61 says that a CWT follows; neither it nor the MAC's tag 17 below it is ours."""
    assert A["A.4"][:3].hex() == "d83dd1"
    refused = verify(text_of(A["A.4"][2:]))
    assert isinstance(refused, Refused)
    assert refused.reason is Refusal.MALFORMED
