"""The issuing side signs nothing that a cabinet would refuse to read."""

from __future__ import annotations

from typing import Any

import pytest

from locker.authority.claims import ClaimsError
from locker.authority.ed25519 import PrivateKey
from locker.authority.issue import issue
from locker.model import Purpose

KEY = PrivateKey(b"\x01" * 32)
IAT = 1_750_000_000
GOOD: dict[str, Any] = {
    "key": KEY,
    "aud": "sjz-gate-1",
    "purpose": Purpose.DEPOSIT,
    "iat": IAT,
    "exp": IAT + 3600,
    "cti": bytes(16),
    "order": b"order",
}


def test_the_same_claims_give_the_same_text() -> None:
    """Encoding and signature are deterministic."""
    assert issue(**GOOD) == issue(**GOOD)
    assert issue(**GOOD) != issue(**GOOD | {"cti": b"\1" * 16})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"order": b""}, "order must be a byte string of 1 to 16 bytes for deposit"),
        ({"order": b"x" * 17}, "order must be"),
        ({"order": "text"}, "order must be"),
        ({"door": 25}, "door must be an integer, 0 to 24"),
        ({"door": True}, "door must be"),
        ({"sub": "li"}, "claim 2 is not allowed for deposit"),
        ({"purpose": Purpose.STAFF}, "order must be a byte string of 0 to 0 bytes for staff"),
        ({"purpose": Purpose.STAFF, "order": b""}, "claim 2 is missing for staff"),
        ({"exp": IAT}, "exp - iat must be 1 to 604800 s, not 0"),
        ({"exp": IAT + 604_801}, "exp - iat must be"),
        ({"exp": IAT + 5_184_001, "purpose": Purpose.COLLECT}, "exp - iat must be 1 to 5184000"),
        ({"iat": -1}, "iat must be an unsigned integer"),
        ({"iat": 1.0}, "iat must be"),
        ({"nbf": IAT + 3600}, "nbf must be before exp"),
        ({"cti": bytes(15)}, "cti must be a byte string of 16 bytes"),
        ({"nonce": bytes(9)}, "nonce must be a byte string of 8 bytes"),
        ({"aud": ""}, "aud must be a text of 1 to 32"),
        ({"aud": "x" * 33}, "aud must be"),
        ({"aud": "a\n"}, "aud must be"),
        ({"alg": -7}, "alg must be -8 or -19, not -7"),
        ({"aud": "柜" * 32, "purpose": Purpose.STAFF, "order": b"", "sub": "芳" * 32}, "at most 400"),
    ],
)
def test_nonsense_is_not_signed(change: dict[str, Any], why: str) -> None:
    """Each bound of the contract is an error that names the claim."""
    with pytest.raises(ClaimsError, match=why):
        issue(**GOOD | change)
