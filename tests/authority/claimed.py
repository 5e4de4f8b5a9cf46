"""Claims drawn by chance with a seed, and how to tell other people's issuers to make a token of them.

Numbers of every width, texts in two scripts, orders of any bytes: what an issuer may choose, and nothing that a cabinet
would refuse to read. ``javascript`` and ``python_cwt`` run the other side once for many jobs.
"""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

from crafted import NEW, RESIDENT, RING, STAFF

from locker.authority.claims import SIZE_BITS, Claims
from locker.authority.ed25519 import PrivateKey
from locker.authority.keys import kid_of
from locker.authority.token import Authority, Refused
from locker.model import Now, Purpose, Quality, Size

ROOT = Path(__file__).parents[2]
EDDSA, ED25519 = -8, -19
SEEDS = {RESIDENT: b"\x01" * 32, STAFF: b"\x02" * 32, NEW: b"\x04" * 32}
"""The keys that sign here, with the seeds that other issuers are given."""
LETTERS = "abcxyz0189-._ 王芳肖怡"


def key_and_alg(claims: Claims) -> tuple[PrivateKey, int]:
    """Return the key that the claims name, and its one algorithm."""
    key = next(key for key in SEEDS if kid_of(key.public) == claims.kid)
    return key, ED25519 if key is NEW else EDDSA


def _text(rng: random.Random) -> str:
    return "".join(rng.choice(LETTERS) for _ in range(rng.randint(1, 12)))


def drawn(rng: random.Random, purpose: Purpose | None = None) -> Claims:
    """Return well-formed claims; of this purpose where one is given."""
    purpose = purpose or rng.choice(list(Purpose))
    by_name = purpose in (Purpose.STAFF, Purpose.TECHNICIAN)
    key = rng.choice([STAFF if by_name else RESIDENT, NEW])
    iat = rng.randrange(2 ** rng.choice([4, 8, 16, 31, 32, 39]))
    exp = iat + rng.randint(1, (60 if purpose is Purpose.COLLECT else 7) * 86_400)
    return Claims(
        purpose=purpose,
        door=rng.randint(0, 24),
        order=b"" if by_name else rng.randbytes(rng.randint(1, 16)),
        flags=rng.randint(0, 15),
        aud=_text(rng),
        exp=exp,
        iat=iat,
        cti=rng.randbytes(16),
        kid=kid_of(key.public),
        sub=_text(rng) if by_name else "",
        nbf=rng.choice([None, rng.randrange(exp)]),
        nonce=rng.choice([None, rng.randbytes(8)]),
    )


def verdict(text: str, claims: Claims) -> Claims | Refused:
    """What a cabinet of that name says to a text, in the last second of the token's life."""
    return Authority(RING, claims.aud).verify(text.encode("ascii"), Now(0, claims.exp * 1000, Quality.SYNCED))


def for_python_cwt(claims: Claims) -> dict[str, Any]:
    """Say the claims, and the key that signs them, as ``cwt_peer.py`` takes them."""
    key, alg = key_and_alg(claims)
    fields: dict[str, Any] = {"aud": claims.aud, "exp": claims.exp, "iat": claims.iat, "cti": claims.cti.hex()}
    fields |= {"sub": claims.sub} if claims.sub else {}
    fields |= {} if claims.nbf is None else {"nbf": claims.nbf}
    fields |= {} if claims.nonce is None else {"nonce": claims.nonce.hex()}
    fields["errand"] = [claims.purpose.value, claims.door, claims.order.hex(), claims.flags]
    return public_part(key, alg) | {"seed": SEEDS[key].hex(), "claims": fields}


def public_part(key: PrivateKey, alg: int) -> dict[str, Any]:
    """Say a public key as ``cwt_peer.py`` takes it."""
    return {"public": key.public.hex(), "kid": kid_of(key.public).hex(), "alg": alg}


def for_javascript(claims: Claims) -> dict[str, Any]:
    """Say the same as ``javascript_peer.mjs`` takes it: the example's own words for flags, life and purpose."""
    key, alg = key_and_alg(claims)
    wanted: dict[str, Any] = {
        "aud": claims.aud,
        "purpose": claims.purpose.name.lower(),
        "iat": claims.iat,
        "life": claims.exp - claims.iat,
        "cti": claims.cti.hex(),
        "door": claims.door,
        "order": claims.order.hex(),
        "size": Size(claims.flags & SIZE_BITS).name if claims.flags & SIZE_BITS else "",
        "low": claims.low,
        "spoken": claims.spoken,
    }
    wanted |= {"sub": claims.sub} if claims.sub else {}
    wanted |= {} if claims.nbf is None else {"nbf": claims.nbf}
    wanted |= {} if claims.nonce is None else {"nonce": claims.nonce.hex()}
    return {"pem": key.to_pem().decode("ascii"), "alg": alg, "wanted": wanted}


def python_cwt(jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what python-cwt, in its own environment, answers to each job."""
    return _told([str(ROOT / ".venv-cwt/bin/python"), "-I", str(Path(__file__).with_name("cwt_peer.py"))], jobs)


def javascript(jobs: list[dict[str, Any]]) -> list[Any]:
    """Return what the JavaScript example answers to each job."""
    return _told(["node", str(Path(__file__).with_name("javascript_peer.mjs"))], jobs)


def _told(command: list[str], jobs: list[dict[str, Any]]) -> list[Any]:
    done = subprocess.run(command, input=json.dumps(jobs), capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    answers: list[Any] = json.loads(done.stdout)
    assert len(answers) == len(jobs)
    return answers
