"""Ed25519 is RFC 8032's, strict where the standard leaves a choice, and unusable keys are refused at load."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as files
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from locker.authority.ed25519 import KeyError25519, PrivateKey, PublicKey

VECTORS = json.loads(Path(__file__).with_name("rfc8032_section_7_1.json").read_text(encoding="ascii"))
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
KEY = PrivateKey(bytes(range(32)))
MESSAGE = b"message"
SIGNATURE = KEY.sign(MESSAGE)


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_the_vectors_of_rfc_8032_section_7_1_hold(vector: dict[str, str]) -> None:
    """Public key, signature and verification are the standard's, for its five examples."""
    message, signature = bytes.fromhex(vector["message"]), bytes.fromhex(vector["signature"])
    key = PrivateKey(bytes.fromhex(vector["seed"]))
    public = PublicKey(key.public)
    assert key.public.hex() == vector["public"]
    assert key.sign(message) == signature
    assert public.verify(signature, message)
    assert not public.verify(signature, message + b"\0")


def test_one_changed_bit_anywhere_makes_a_signature_bad() -> None:
    """None of the 512 neighbours of a good signature is good."""
    public = PublicKey(KEY.public)
    neighbours = [(int.from_bytes(SIGNATURE, "big") ^ 1 << bit).to_bytes(64, "big") for bit in range(512)]
    assert public.verify(SIGNATURE, MESSAGE)
    assert not any(public.verify(neighbour, MESSAGE) for neighbour in neighbours)


def test_a_signature_cannot_be_altered_into_a_second_one() -> None:
    """s + L satisfies the same equation; the rule s < L (RFC 8032, section 5.1.7) refuses it."""
    s = int.from_bytes(SIGNATURE[32:], "little")
    second = SIGNATURE[:32] + (s + L).to_bytes(32, "little")
    assert not PublicKey(KEY.public).verify(second, MESSAGE)


@pytest.mark.parametrize("length", [0, 63, 65, 128])
def test_a_signature_of_another_length_is_bad_and_raises_nothing(length: int) -> None:
    """Verification answers no for signatures that are not 64 bytes."""
    assert not PublicKey(KEY.public).verify((SIGNATURE * 2)[:length], MESSAGE)


def _eightfold(y: int) -> tuple[int, int] | None:
    """Return 8 times the point with this coordinate, by the curve's addition law; None when there is no such point."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * ROOT_OF_MINUS_ONE % P
    if x * x % P != square:
        return None
    for _ in range(3):
        product = D * x * x * y * y % P
        x, y = 2 * x * y * pow(1 + product, -1, P) % P, (y * y + x * x) * pow(1 - product, -1, P) % P
    return x, y


SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]


@pytest.mark.parametrize("public", SMALL_ORDER)
def test_keys_of_small_order_are_refused(public: str) -> None:
    """All eight points that eight times give the neutral element; the curve's own arithmetic says that they do."""
    raw = bytes.fromhex(public)
    assert _eightfold(int.from_bytes(raw, "little") % 2**255) == (0, 1)
    with pytest.raises(KeyError25519, match="small order"):
        PublicKey(raw)


def test_why_keys_of_small_order_are_refused() -> None:
    """The library alone takes the neutral element as a key, and under it the signature (1, 0) is good for anything."""
    neutral = bytes.fromhex(SMALL_ORDER[0])
    forged = neutral + bytes(32)
    Ed25519PublicKey.from_public_bytes(neutral).verify(forged, b"open all doors")


@pytest.mark.parametrize("above", range(19))
def test_keys_not_in_their_only_form_are_refused(above: int) -> None:
    """The coordinates p to 2^255 - 1 would be second names of 0 to 18."""
    for sign in (0, 1 << 255):
        with pytest.raises(KeyError25519, match="only form"):
            PublicKey((P + above | sign).to_bytes(32, "little"))


def test_keys_that_are_no_point_are_refused_and_others_are_not() -> None:
    """Of the coordinates 2 to 99, exactly those that lie on the curve are keys."""
    for y in range(2, 100):
        raw = y.to_bytes(32, "little")
        if _eightfold(y) is None:
            with pytest.raises(KeyError25519, match="not a point"):
                PublicKey(raw)
        else:
            assert PublicKey(raw).raw == raw


def test_a_hundred_generated_keys_are_accepted() -> None:
    """The checks refuse no key that a generator gives."""
    for number in range(100):
        key = PrivateKey(number.to_bytes(32, "big"))
        assert PublicKey(key.public).verify(key.sign(MESSAGE), MESSAGE)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_keys_of_another_length_are_refused(length: int) -> None:
    """32 bytes, for both halves."""
    with pytest.raises(KeyError25519):
        PublicKey(bytes(length))
    with pytest.raises(KeyError25519):
        PrivateKey(bytes(length))


def test_a_key_file_comes_back_and_others_are_refused() -> None:
    """PKCS #8 without a password goes both ways; other keys, encrypted keys and garbage are refused with a reason."""
    assert PrivateKey.from_pem(KEY.to_pem()).public == KEY.public
    other = ec.generate_private_key(ec.SECP256R1())
    pem, pkcs8 = files.Encoding.PEM, files.PrivateFormat.PKCS8
    locked = files.BestAvailableEncryption(b"password")
    encrypted = Ed25519PrivateKey.from_private_bytes(bytes(32)).private_bytes(pem, pkcs8, locked)
    for wrong in (b"", b"hello", other.private_bytes(pem, pkcs8, files.NoEncryption()), encrypted, KEY.to_pem()[:60]):
        with pytest.raises(KeyError25519, match="PKCS #8"):
            PrivateKey.from_pem(wrong)


def test_nothing_of_x509_or_of_key_files_is_imported_to_verify() -> None:
    """A fresh interpreter that loads the verifier has neither in memory (they cost 76 ms and 17 MB)."""
    program = (
        "import sys, locker.authority.token; "
        "print([m for m in sys.modules if 'x509' in m or m.endswith('primitives.serialization')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
