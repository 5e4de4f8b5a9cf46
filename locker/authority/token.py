"""The QR token: what a scanner read, checked in one fixed order, cheap before dear (tokens contract, section 1).

    length -> prefix -> Base45 -> envelope -> header -> key -> signature -> claims -> canonical form at every level
    -> audience -> purpose of this key -> time -> the key's cut-off -> revoked

Each step has its own refusal. Knows the issuers' keys, the revoked ids and this cabinet's id. Must never know whether a
token was used, which orders lie in the cabinet, or any door: those come after, in the cabinet. No clock, no input, no
output.

Two choices beyond the contract. Blanks (space, tab, CR, LF) at both ends are a scanner's, not the token's, and are
taken off first; space is in the alphabet of Base45, but no text of whole bytes ends in one. A reading with our prefix
twice is called "two codes" only when no message can be unpacked from it: by chance one token in some 20,000 has the
four characters of the prefix inside, and it must work.
"""

from __future__ import annotations

from dataclasses import dataclass

from locker.authority import base45, cose
from locker.authority.claims import Claims, ClaimsError, read
from locker.authority.clock import judge_key, judge_time
from locker.authority.keys import IssuerKey, KeyRing
from locker.authority.revocation import Revoked
from locker.model import Now, Refusal

__all__ = ["PREFIX", "READING_BYTES_MAX", "TEXT_BYTES_MAX", "Authority", "Claims", "Refused", "unpack"]

PREFIX = b"LK1:"
"""What each token's text begins with: the format and its version."""
TEXT_BYTES_MAX = 400
"""Longest text of a token, with its prefix."""
READING_BYTES_MAX = 1024
"""Longest reading that is looked at, at all."""

_BLANKS = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a reading opens nothing. ``detail`` is for technicians and names no person and no order.

    ``claims`` is None unless the signature was good and the claims well formed; ``kid`` is empty if none was read.
    """

    reason: Refusal
    detail: str
    claims: Claims | None = None
    kid: bytes = b""


class Authority:
    """Says what a reading allows. ``cabinet_id`` is the audience that tokens for this cabinet carry.

    ``revoked`` belongs to the authority and not to each call of ``verify``: no caller can forget it. New keys or a new
    list make a new authority.
    """

    def __init__(self, keys: KeyRing, cabinet_id: str, revoked: Revoked | None = None) -> None:
        self._keys = keys
        self._cabinet_id = cabinet_id
        self._revoked = Revoked() if revoked is None else revoked

    def verify(self, raw: bytes, now: Now) -> Claims | Refused:
        """Return what the token allows, or why it allows nothing. Never raises, whatever the bytes."""
        message = unpack(raw)
        if isinstance(message, Refused):
            return message
        key = self._signer(message, now)
        if isinstance(key, Refused):
            return key
        claims = _claims(message, key)
        if isinstance(claims, Refused):
            return claims
        return self._objection(claims, key, now) or claims

    def revokes(self, cti: bytes) -> bool:
        """Whether this token is on the revocation list."""
        return self._revoked.holds(cti)

    def _signer(self, message: cose.Sign1, now: Now) -> IssuerKey | Refused:
        """Return the key that signed this message, and that may sign now."""
        try:
            alg, kid = cose.header(message)
        except cose.CoseError as wrong:
            return Refused(Refusal.HEADER, str(wrong))
        key = self._keys.find(kid)
        if key is None:
            return Refused(Refusal.UNKNOWN_KEY, f"kid {kid.hex()} is none of {len(self._keys)} keys", kid=kid)
        if key.retired:
            return Refused(Refusal.KEY_RETIRED, f"kid {kid.hex()}", kid=kid)
        if reason := judge_key(key, now):
            span = f"{key.not_before} to {key.not_after}, now {now.wall_ms // 1000} {now.quality.value}"
            return Refused(reason, f"kid {kid.hex()} holds from {span}", kid=kid)
        if alg != key.alg:
            return Refused(Refusal.HEADER, f"alg {alg}, but key {kid.hex()} has alg {key.alg}", kid=kid)
        if not key.public.verify(message.signature, cose.to_be_signed(message.protected, message.payload)):
            return Refused(Refusal.SIGNATURE, f"not signed by key {kid.hex()}", kid=kid)
        return key

    def _objection(self, claims: Claims, key: IssuerKey, now: Now) -> Refused | None:
        """Return what speaks against well-formed, signed claims here and now."""
        if claims.aud != self._cabinet_id:
            detail = f"aud {claims.aud}, this is {self._cabinet_id}"
            return Refused(Refusal.WRONG_CABINET, detail, claims, claims.kid)
        if claims.purpose not in key.purposes:
            detail = f"key {claims.kid.hex()} may not sign for {claims.purpose.name.lower()}"
            return Refused(Refusal.PURPOSE, detail, claims, claims.kid)
        if reason := judge_time(claims, now):
            span = f"iat {claims.iat} nbf {claims.nbf} exp {claims.exp}"
            return Refused(reason, f"{span} now {now.wall_ms // 1000} {now.quality.value}", claims, claims.kid)
        if claims.iat < key.cutoff_iat:
            detail = f"iat {claims.iat} is before {key.cutoff_iat}, the cut-off of key {claims.kid.hex()}"
            return Refused(Refusal.CUT_OFF, detail, claims, claims.kid)
        if self._revoked.holds(claims.cti):
            return Refused(Refusal.REVOKED, f"cti {claims.cti.hex()} is on the revocation list", claims, claims.kid)
        return None


def unpack(raw: bytes) -> cose.Sign1 | Refused:
    """Return the message inside a reading, not verified, or why there is none."""
    if len(raw) > READING_BYTES_MAX:
        return Refused(Refusal.TOO_LONG, f"{len(raw)} bytes, at most {READING_BYTES_MAX} are looked at")
    text = raw.strip(_BLANKS)
    message = _envelope(text)
    if isinstance(message, Refused) and text.startswith(PREFIX) and text.count(PREFIX) > 1:
        return Refused(Refusal.TWO_CODES, f"the prefix is in {len(text)} characters more than once; {message.detail}")
    return message


def _envelope(text: bytes) -> cose.Sign1 | Refused:
    """Return the message of a text that has no blanks around it: length, prefix, Base45, envelope."""
    if not text:
        return Refused(Refusal.UNREADABLE, "an empty reading")
    if len(text) > TEXT_BYTES_MAX:
        return Refused(Refusal.TOO_LONG, f"{len(text)} characters, at most {TEXT_BYTES_MAX}")
    if not text.startswith(PREFIX):
        return _foreign(text)
    try:
        return cose.decode(base45.decode(text[len(PREFIX) :]))
    except base45.Base45Error as wrong:
        return Refused(Refusal.UNREADABLE, str(wrong))
    except cose.CoseError as wrong:
        return Refused(Refusal.MALFORMED, str(wrong))


def _foreign(text: bytes) -> Refused:
    if text[: len(PREFIX)].upper() == PREFIX:
        return Refused(Refusal.UNREADABLE, "in small letters: switch the scanner's case conversion off")
    return Refused(Refusal.FOREIGN, f"{len(text)} characters that do not begin with {PREFIX.decode()}")


def _claims(message: cose.Sign1, key: IssuerKey) -> Claims | Refused:
    """Return the claims of a signed message: well formed, and encoded in the one deterministic way."""
    try:
        claims = read(cose.decode_map(message.payload), key.kid)
    except (cose.CoseError, ClaimsError) as wrong:
        return Refused(Refusal.CLAIMS, str(wrong), kid=key.kid)
    if level := cose.not_canonical(message):
        return Refused(Refusal.NOT_CANONICAL, f"the {level} is not in its deterministic form", claims, key.kid)
    return claims
