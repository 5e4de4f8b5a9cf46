"""Pick-up codes: HOTP (RFC 4226) with the cabinet's own secret and the load number as the counter.

Knows one secret, counters and digits (tokens contract, section 7). The cloud has the same secret and computes the same
code for its SMS, so no code is ever sent or kept: whoever needs one computes it anew. Must never know an order, a door
or a person, and never says a secret: ``Secret`` hands its bytes to HMAC at once and keeps none of them.

    code = DT(HMAC-SHA-1(secret, counter as 8 bytes)) mod 10^digits, zero-padded      (RFC 4226, section 5.3)

SHA-1 is what the standard fixes; its collisions do not touch HMAC.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from typing import NoReturn

SECRET_BYTES = 32
DIGITS_MIN, DIGITS_MAX = 6, 8
COUNTER_MAX = 2**64 - 1
"""The counter is eight bytes (RFC 4226, section 5.1)."""
HELD_MAX = 24
"""At most so many items have a code at one time: one a compartment. 6 digits against 24 items is 41,666 : 1."""
SKIPS_MAX = 100
"""How many counters in a row may be skipped. Chance skips three in a row once in 10^14 loads."""


class HotpError(ValueError):
    """What was asked for is outside the contract; names the quantity and its bounds, never a code or a secret."""


class Secret:
    """The cabinet's secret, from its 32 bytes. Cannot be shown, compared, copied out or pickled."""

    __slots__ = ("_mac",)

    def __init__(self, raw: bytes) -> None:
        if len(raw) != SECRET_BYTES:
            raise HotpError(f"a pick-up secret is {SECRET_BYTES} bytes, not {len(raw)}")
        self._mac = hmac.new(raw, digestmod="sha1")

    def digest(self, counter: int) -> bytes:
        """Return HMAC-SHA-1 over the counter, 20 bytes."""
        if not 0 <= counter <= COUNTER_MAX:
            raise HotpError(f"a counter is 0 to 2^64 - 1, not {counter}")
        mac = self._mac.copy()
        mac.update(counter.to_bytes(8, "big"))
        return mac.digest()

    def __repr__(self) -> str:
        return "Secret(not shown)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a pick-up secret is not pickled; read its file again")


def truncate(digest: bytes) -> int:
    """Return the 31-bit number that the last four bits of a digest point at (RFC 4226, section 5.3, "DT")."""
    at = digest[-1] & 0xF
    return int.from_bytes(digest[at : at + 4], "big") & 0x7FFF_FFFF


def code(secret: Secret, counter: int, digits: int) -> str:
    """Return the code of a counter (0 to 2^64 - 1) with 6 to 8 digits, zero-padded. Raises ``HotpError``."""
    if not DIGITS_MIN <= digits <= DIGITS_MAX:
        raise HotpError(f"a code has {DIGITS_MIN} to {DIGITS_MAX} digits, not {digits}")
    return f"{truncate(secret.digest(counter)) % 10**digits:0{digits}d}"


def next_free(secret: Secret, counter: int, digits: int, taken: Iterable[int]) -> int:
    """Return the first counter from ``counter`` on whose code is that of no held item.

    ``taken`` are the counters of the items held now, at most 24. Raises ``HotpError`` when 100 counters in a row
    collide: then it is no chance, and somebody has to look.
    """
    used = {code(secret, other, digits) for other in _bounded(taken)}
    for candidate in range(counter, counter + SKIPS_MAX):
        if code(secret, candidate, digits) not in used:
            return candidate
    raise HotpError(f"the codes of {SKIPS_MAX} counters from {counter} on are all taken; is the secret's file right?")


def match(entered: str, secret: Secret, held: Mapping[int, object], digits: int) -> int | None:
    """Return which held item's counter (a key of ``held``, at most 24) the entered digits are for, None for none.

    Every item is compared, each in constant time, whatever was entered and wherever it matches. Should two have the
    same code (``next_free`` prevents it) neither is meant: no door opens for somebody else's code.
    """
    typed = entered[: DIGITS_MAX + 1].encode(errors="replace")
    found = [
        counter
        for counter in _bounded(held)
        if hmac.compare_digest(code(secret, counter, digits).encode("ascii"), typed)
    ]
    return found[0] if len(found) == 1 else None


def _bounded(counters: Iterable[int]) -> list[int]:
    """Return the counters, each once. Raises ``HotpError`` for more than a cabinet can hold."""
    items = list(dict.fromkeys(counters))
    if len(items) > HELD_MAX:
        raise HotpError(f"{len(items)} items with codes, at most {HELD_MAX}")
    return items
