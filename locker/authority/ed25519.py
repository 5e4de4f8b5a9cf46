"""Ed25519 (RFC 8032) signatures: the only door to the cryptography library.

Knows one curve, key objects made once at load, and PKCS #8 key files (RFC 8410). Must never know what is signed.
Imports no x509, and the library's key file part only when a file is read or written. Takes no randomness: a seed is
given.

What the library (OpenSSL) does, held by tests: a signature is refused unless s < L (so it cannot be altered into a
second valid one) and unless R is byte for byte s*B - h*A without cofactor (so R has one encoding). What it does
*not* do is look at the public key: it takes points of small order, under which anybody can sign, coordinates above p,
and 32 bytes that are no point. ``PublicKey`` refuses those three at load. A point with a small component besides a
large one is not refused: only the owner of the key can make one, and it lets nobody else sign.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEY_BYTES = 32

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_Y_OF_ORDER_8 = int.from_bytes(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
)
_SMALL_ORDER_Y = frozenset((0, 1, _P - 1, _Y_OF_ORDER_8, _P - _Y_OF_ORDER_8))


class KeyError25519(ValueError):
    """The bytes are no usable Ed25519 key; says why."""


class PublicKey:
    """A public key, checked and prepared once. ``raw`` is its 32 bytes; raises ``KeyError25519`` if unusable."""

    __slots__ = ("_key", "raw")

    def __init__(self, raw: bytes) -> None:
        if fault := _fault(raw):
            raise KeyError25519(f"the public key is {fault}; it must be 32 bytes as a key generator gave them")
        self.raw = raw
        self._key = Ed25519PublicKey.from_public_bytes(raw)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and other.raw == self.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Whether ``signature`` (64 bytes) is this key's over ``message``."""
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


class PrivateKey:
    """A private key from its 32-byte seed. Never printed: it has no text form but ``to_pem``."""

    __slots__ = ("_key", "public")

    def __init__(self, seed: bytes) -> None:
        if len(seed) != KEY_BYTES:
            raise KeyError25519(f"a private key is {KEY_BYTES} bytes, not {len(seed)}")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Return the signature (64 bytes); the same message always gets the same one."""
        return self._key.sign(message)

    def to_pem(self) -> bytes:
        """Return an unencrypted PKCS #8 file, as ``openssl genpkey -algorithm ed25519`` writes it."""
        from cryptography.hazmat.primitives import serialization as files

        return self._key.private_bytes(files.Encoding.PEM, files.PrivateFormat.PKCS8, files.NoEncryption())

    @classmethod
    def from_pem(cls, pem: bytes) -> PrivateKey:
        """Return the key of an unencrypted PKCS #8 file. Raises ``KeyError25519`` for anything else."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import serialization as files

        try:
            key = files.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyError25519("not an unencrypted PKCS #8 file of an Ed25519 private key")
        return cls(key.private_bytes_raw())


def _fault(raw: bytes) -> str | None:
    """Return what is wrong with a public key (RFC 8032, section 5.1.3, and small order), None when it is sound."""
    if len(raw) != KEY_BYTES:
        return f"{len(raw)} bytes long"
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    if y >= _P:
        return "not in its only form (its coordinate is 2^255 - 19 or more)"
    if y in _SMALL_ORDER_Y:
        return "a point of small order, under which anybody could sign"
    x_squared = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    return None if pow(x_squared, (_P - 1) // 2, _P) == 1 else "not a point of the curve"
