"""What a token says: the claims, their numbers (RFC 8392 and our own -65537) and their bounds.

Knows which claims each purpose must, may and must not have, and the exact type and range of each. One set of rules
for both sides: a verifier reads claims with it, an issuer checks what it is about to sign. Must never know keys or the
time. The messages of its errors name claims, lengths and types, never the person or the order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from locker.model import Purpose, Size

SUB, AUD, EXP, NBF, IAT, CTI, NONCE, ERRAND = 2, 3, 4, 5, 6, 7, 10, -65537
"""Claim keys: RFC 8392 section 4; 10 is the nonce of RFC 9711; ERRAND is ours, [purpose, door, order, flags]."""

LIFE_S_MAX = 7 * 86_400
"""Longest life, exp - iat, of a token."""
COLLECT_LIFE_S_MAX = 60 * 86_400
"""Longest life of a token for collecting."""
DOOR_MAX = 24
ORDER_BYTES_MAX = 16
CTI_BYTES = 16
NONCE_BYTES = 8
TEXT_MAX = 32
"""Longest audience and subject, in characters."""

SIZE_BITS, LOW_BIT, SPOKEN_BIT = 0b0011, 0b0100, 0b1000
"""The flags: smallest size wanted (0 any, 1 S, 2 M, 3 L), low door preferred, spoken help."""
FLAGS_MAX = SIZE_BITS | LOW_BIT | SPOKEN_BIT

_ALWAYS = frozenset((AUD, EXP, IAT, CTI, ERRAND))
_MAY = frozenset((NBF, NONCE))
_BY_NAME = frozenset((Purpose.STAFF, Purpose.TECHNICIAN))


class ClaimsError(ValueError):
    """The claims break a rule of the contract; says which claim and which rule, never its value."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says. From ``Authority.verify`` it is true; from anywhere else it is only well formed.

    ``door`` 0 lets the cabinet choose. ``order`` is empty and ``sub`` the person for staff and technicians; for
    residents it is the other way round. ``exp``, ``iat`` and ``nbf`` are Unix seconds. ``kid`` is the signing key's id.
    """

    purpose: Purpose
    door: int
    order: bytes
    flags: int
    aud: str
    exp: int
    iat: int
    cti: bytes
    kid: bytes
    sub: str = ""
    nbf: int | None = None
    nonce: bytes | None = None

    @property
    def size(self) -> Size | None:
        """The smallest size wanted, None for any."""
        wanted = self.flags & SIZE_BITS
        return Size(wanted) if wanted else None

    @property
    def low(self) -> bool:
        """Whether a low door is preferred."""
        return bool(self.flags & LOW_BIT)

    @property
    def spoken(self) -> bool:
        """Whether the person wants spoken help."""
        return bool(self.flags & SPOKEN_BIT)


def read(fields: dict[int, Any], kid: bytes) -> Claims:
    """Return the claims of a decoded map with integer keys. Raises ``ClaimsError`` when any rule is broken."""
    purpose, door, order, flags = _errand(fields)
    _keys(fields, purpose)
    claims = Claims(
        purpose=purpose,
        door=door,
        order=order,
        flags=flags,
        aud=_text(fields, AUD, "aud"),
        exp=_seconds(fields, EXP, "exp"),
        iat=_seconds(fields, IAT, "iat"),
        cti=_bytes(fields, CTI, "cti", CTI_BYTES),
        kid=kid,
        sub=_text(fields, SUB, "sub") if SUB in fields else "",
        nbf=_seconds(fields, NBF, "nbf") if NBF in fields else None,
        nonce=_bytes(fields, NONCE, "nonce", NONCE_BYTES) if NONCE in fields else None,
    )
    _life(claims)
    return claims


def write(claims: Claims) -> dict[int, Any]:
    """Return the map that ``read`` would read; claims that are not there are left out."""
    fields: dict[int, Any] = {
        AUD: claims.aud,
        EXP: claims.exp,
        IAT: claims.iat,
        CTI: claims.cti,
        ERRAND: [claims.purpose.value, claims.door, claims.order, claims.flags],
    }
    optional = {SUB: claims.sub or None, NBF: claims.nbf, NONCE: claims.nonce}
    return fields | {key: value for key, value in optional.items() if value is not None}


def _errand(fields: dict[int, Any]) -> tuple[Purpose, int, bytes, int]:
    """Return [purpose, door, order, flags] with exact types and ranges."""
    errand = fields.get(ERRAND)
    if type(errand) is not list or len(errand) != 4:
        raise ClaimsError("-65537 must be an array of four")
    number, door, order, flags = errand
    if not _whole(number) or not 1 <= number <= len(Purpose):
        raise ClaimsError("purpose must be 1, 2, 3 or 4")
    if not _whole(door) or door > DOOR_MAX:
        raise ClaimsError(f"door must be an integer, 0 to {DOOR_MAX}")
    if not _whole(flags) or flags > FLAGS_MAX:
        raise ClaimsError(f"flags must be an integer, 0 to {FLAGS_MAX}")
    purpose = Purpose(number)
    least, most = (0, 0) if purpose in _BY_NAME else (1, ORDER_BYTES_MAX)
    if type(order) is not bytes or not least <= len(order) <= most:
        raise ClaimsError(f"order must be a byte string of {least} to {most} bytes for {purpose.name.lower()}")
    return purpose, door, order, flags


def _keys(fields: dict[int, Any], purpose: Purpose) -> None:
    """Raise unless all claims of this purpose are there and no other."""
    must = _ALWAYS | {SUB} if purpose in _BY_NAME else _ALWAYS
    if missing := must - fields.keys():
        raise ClaimsError(f"claim {min(missing)} is missing for {purpose.name.lower()}")
    if strange := fields.keys() - must - _MAY:
        raise ClaimsError(f"claim {min(strange)} is not allowed for {purpose.name.lower()}")


def _life(claims: Claims) -> None:
    """Raise unless the token lives for more than no time, not too long, and can begin to hold."""
    longest = COLLECT_LIFE_S_MAX if claims.purpose is Purpose.COLLECT else LIFE_S_MAX
    if not 0 < claims.exp - claims.iat <= longest:
        raise ClaimsError(f"exp - iat must be 1 to {longest} s, not {claims.exp - claims.iat}")
    if claims.nbf is not None and claims.nbf >= claims.exp:
        raise ClaimsError("nbf must be before exp")


def _whole(value: object) -> bool:
    """Whether this is an integer of 0 or more; true, false and 1.0 are not."""
    return type(value) is int and value >= 0


def _seconds(fields: dict[int, Any], key: int, name: str) -> int:
    value = fields[key]
    if type(value) is not int or not 0 <= value < 2**63:
        raise ClaimsError(f"{name} must be an unsigned integer of seconds")
    return value


def _bytes(fields: dict[int, Any], key: int, name: str, length: int) -> bytes:
    value = fields[key]
    if type(value) is not bytes or len(value) != length:
        raise ClaimsError(f"{name} must be a byte string of {length} bytes")
    return value


def _text(fields: dict[int, Any], key: int, name: str) -> str:
    """Return a text that can stand in a log line as it is."""
    value = fields[key]
    if type(value) is not str or not 1 <= len(value) <= TEXT_MAX or not value.isprintable():
        raise ClaimsError(f"{name} must be a text of 1 to {TEXT_MAX} printable characters")
    return value
