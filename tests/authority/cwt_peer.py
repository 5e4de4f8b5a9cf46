"""python-cwt's side of the tests: issues and verifies what it is told to. Runs in ``.venv-cwt``, never in ours.

Reads a JSON array of jobs from standard input and writes an array of answers; byte strings are hexadecimal. It imports
nothing of this project: claims and headers are put together here as docs/tokens.md says, with python-cwt's own cbor2.

    {"do": "issue", "seed", "public", "kid", "alg", "claims": {"aud", "exp", ...}}   -> {"message"}
    {"do": "encode", ...the same}     what python-cwt's own ``CWT.encode`` makes of the claims   -> {"message"}
    {"do": "verify", "keys": [{"public", "kid", "alg"}], "message"}      -> {"claims": {...}} or {"refused": "why"}
"""

from __future__ import annotations

import json
import sys
from typing import Any

import cbor2
from cwt import COSE, CWT, COSEKey  # type: ignore[import-not-found]

CLAIMS = {"sub": 2, "aud": 3, "exp": 4, "nbf": 5, "iat": 6, "cti": 7, "nonce": 10, "errand": -65537}
NAMES = {label: name for name, label in CLAIMS.items()}
OKP, ED25519 = 1, 6
ALG, KID = 1, 4
ANY_TIME_S = 2**40
"""A leeway that lets python-cwt, which reads the machine's clock, take tokens of every time."""


def key_of(job: dict[str, Any]) -> Any:
    """Return the COSE_Key (RFC 9053, section 7.2); a private one where the job has a seed."""
    fields = {1: OKP, 2: bytes.fromhex(job["kid"]), 3: job["alg"], -1: ED25519, -2: bytes.fromhex(job["public"])}
    if "seed" in job:
        fields[-4] = bytes.fromhex(job["seed"])
    return COSEKey.new(fields)


def fields_of(job: dict[str, Any]) -> dict[int, Any]:
    """Return the claims as a map with the standards' labels, in the order of the labels' encoding."""
    claims = dict(job["claims"])
    for name in ("cti", "nonce"):
        if name in claims:
            claims[name] = bytes.fromhex(claims[name])
    purpose, door, order, flags = claims["errand"]
    claims["errand"] = [purpose, door, bytes.fromhex(order), flags]
    return {label: claims[name] for name, label in CLAIMS.items() if name in claims}


def issue(job: dict[str, Any]) -> dict[str, Any]:
    """Sign the claims with algorithm and key id inside of what is signed, as our contract wants it."""
    protected = {ALG: job["alg"], KID: bytes.fromhex(job["kid"])}
    message = COSE.new().encode_and_sign(cbor2.dumps(fields_of(job)), key_of(job), protected, {})
    return {"message": message.hex()}


def encode(job: dict[str, Any]) -> dict[str, Any]:
    """Sign the claims the way python-cwt does by itself."""
    return {"message": CWT.new().encode(fields_of(job), key_of(job)).hex()}


def plain(value: Any) -> Any:
    """Return a value with its byte strings in hexadecimal."""
    if isinstance(value, bytes):
        return value.hex()
    return [plain(item) for item in value] if isinstance(value, list) else value


def verify(job: dict[str, Any]) -> dict[str, Any]:
    """Return what python-cwt believes of a message, or why it believes nothing; it raises errors of many kinds."""
    try:
        found = CWT.new(leeway=ANY_TIME_S).decode(bytes.fromhex(job["message"]), [key_of(key) for key in job["keys"]])
        return {"claims": {str(NAMES.get(label, label)): plain(value) for label, value in found.items()}}
    except Exception as wrong:
        return {"refused": f"{type(wrong).__name__}: {wrong}"}


if __name__ == "__main__":
    todo = {"issue": issue, "encode": encode, "verify": verify}
    json.dump([todo[job["do"]](job) for job in json.load(sys.stdin)], sys.stdout)
