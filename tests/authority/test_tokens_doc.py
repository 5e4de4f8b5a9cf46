"""docs/tokens.md stays true: its example is what the code makes, its table is what the code answers.

Run this file as a program to write the example anew after the contract has changed.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path

from locker.authority import base45, cose
from locker.authority.claims import Claims
from locker.authority.ed25519 import PrivateKey, PublicKey
from locker.authority.issue import issue
from locker.authority.keys import IssuerKey, KeyRing
from locker.authority.token import Authority
from locker.cli import qr
from locker.model import Now, Purpose, Refusal, Size

PAGE = Path(__file__).parents[2] / "docs" / "tokens.md"
VECTORS = Path(__file__).with_name("rfc8032_section_7_1.json")
BEGIN = "<!-- example: written by tests/authority/test_tokens_doc.py -->\n"
END = "<!-- end of example -->"
SEED = bytes.fromhex(json.loads(VECTORS.read_text(encoding="ascii"))[0]["seed"])
KEY = PrivateKey(SEED)
AUD = "sjz-gate-1"
IAT = 1_750_000_000
CTI = bytes(range(16))
NOW = Now(ms=0, wall_ms=(IAT + 60) * 1000)


def collect_token() -> str:
    """Return the example: collect order 20250612-0042, size M or larger, low door, seven days."""
    order = b"20250612-0042"
    exp = IAT + 7 * 86_400
    return issue(
        key=KEY, aud=AUD, purpose=Purpose.COLLECT, iat=IAT, exp=exp, cti=CTI, order=order, size=Size.M, low=True
    )


def staff_token() -> str:
    """Return the second example: staff, twelve hours."""
    return issue(key=KEY, aud=AUD, purpose=Purpose.STAFF, iat=IAT, exp=IAT + 43_200, cti=CTI, sub="王芳")


def block(title: str, *contents: str) -> str:
    """Return a titled block of texts, each in lines of at most 96 characters."""
    lines = [content[at : at + 96] for content in contents for at in range(0, len(content), 96)]
    return f"{title}\n\n```\n" + "\n".join(lines) + "\n```\n\n"


def example() -> str:
    """Return the part of the page between the two marks."""
    text = collect_token()
    message = cose.decode(base45.decode(text[4:].encode()))
    version = qr.draw(text).version
    claims = f"{{3: \"{AUD}\", 4: {IAT + 604_800}, 6: {IAT}, 7: h'{CTI.hex()}',"
    return (
        block("Private key (seed) and public key:", SEED.hex(), KEY.public.hex())
        + block("SHA-256 of the public key; the kid is its first 4 bytes:", hashlib.sha256(KEY.public).hexdigest())
        + block("Protected header, `{1: -8, 4: kid}`:", message.protected.hex())
        + block(f"Payload, `{claims} -65537: [2, 0, '20250612-0042', 6]}}`:", message.payload.hex())
        + block("What is signed:", cose.to_be_signed(message.protected, message.payload).hex())
        + block("Signature:", message.signature.hex())
        + block(f"The whole message, {len(message.raw)} bytes:", message.raw.hex())
        + f"The text, {len(text)} characters, QR version {version} at M (one line; the spaces belong to it):\n\n"
        + f"```\n{text}\n```\n\n"
        + "A staff token of the same key for 王芳, twelve hours (`2: sub`, an empty order):\n\n"
        + f"```\n{staff_token()}\n```\n"
    )


def test_the_example_on_the_page_is_what_the_code_makes() -> None:
    """If this fails after a wanted change: run ``python tests/authority/test_tokens_doc.py``."""
    assert PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0] == example()


def test_the_texts_on_the_page_are_accepted() -> None:
    """A cabinet with that key takes both tokens, as they stand on the page, and they say what the page says."""
    authority = Authority(KeyRing([IssuerKey(PublicKey(KEY.public), frozenset(Purpose))]), AUD)
    texts = re.findall(r"^LK1:.*$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    collect, staff = (authority.verify(text.encode(), NOW) for text in texts)
    assert isinstance(collect, Claims)
    assert (collect.purpose, collect.order, collect.size, collect.low) == (
        Purpose.COLLECT,
        b"20250612-0042",
        Size.M,
        True,
    )
    assert isinstance(staff, Claims)
    assert (staff.purpose, staff.sub, staff.exp - staff.iat) == (Purpose.STAFF, "王芳", 43_200)


def test_the_table_on_the_page_names_every_refusal_of_a_token() -> None:
    """All reasons up to REVOKED, each once."""
    ours = [reason.value for reason in list(Refusal)[: list(Refusal).index(Refusal.REVOKED) + 1]]
    named = re.findall(r"^\| `([a-z_]+)` \|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert sorted(named) == sorted(ours)


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(page.split(BEGIN)[0] + BEGIN + example() + END + page.split(END)[1], encoding="utf-8")
    sys.exit(0)
