"""Issuing: the other side of the token, for the command line, the simulated cloud and the tests.

Knows how to sign claims; refuses to sign what a cabinet would refuse to read. The cabinet itself issues nothing. Takes
no time and no randomness: iat, exp and cti are given.
"""

from __future__ import annotations

from locker.authority import base45, cose
from locker.authority.claims import LOW_BIT, SPOKEN_BIT, Claims, ClaimsError, read, write
from locker.authority.ed25519 import PrivateKey
from locker.authority.keys import kid_of
from locker.authority.token import PREFIX, TEXT_BYTES_MAX
from locker.model import Purpose, Size


def issue(
    *,
    key: PrivateKey,
    aud: str,
    purpose: Purpose,
    iat: int,
    exp: int,
    cti: bytes,
    order: bytes = b"",
    door: int = 0,
    size: Size | None = None,
    low: bool = False,
    spoken: bool = False,
    sub: str = "",
    nbf: int | None = None,
    nonce: bytes | None = None,
    alg: int = cose.EDDSA,
) -> str:
    """Return the token's text. Times are Unix seconds, ``cti`` 16 bytes never used before, ``nonce`` 8 bytes.

    Raises ``ClaimsError`` (a ``ValueError``) that names the claim when a cabinet could not accept it.
    """
    flags = (size.value if size else 0) | (LOW_BIT if low else 0) | (SPOKEN_BIT if spoken else 0)
    claims = Claims(purpose, door, order, flags, aud, exp, iat, cti, kid_of(key.public), sub, nbf, nonce)
    return sign(claims, key, alg)


def sign(claims: Claims, key: PrivateKey, alg: int = cose.EDDSA) -> str:
    """Return the text of a token with these claims; ``claims.kid`` is not used, the key's own id is."""
    if alg not in (cose.EDDSA, cose.ED25519):
        raise ClaimsError(f"alg must be {cose.EDDSA} or {cose.ED25519}, not {alg}")
    kid = kid_of(key.public)
    fields = write(claims)
    read(fields, kid)
    protected, payload = cose.encode({cose.ALG: alg, cose.KID: kid}), cose.encode(fields)
    signature = key.sign(cose.to_be_signed(protected, payload))
    text = PREFIX.decode() + base45.encode(cose.encode_message(protected, payload, signature))
    if len(text) > TEXT_BYTES_MAX:
        raise ClaimsError(f"the token has {len(text)} characters, at most {TEXT_BYTES_MAX}; shorten aud, sub or order")
    return text
