"""docs/keys.md stays true: its example is what the code makes, its table is what the code answers.

Run this file as a program to write the example anew after the contract has changed.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from locker.authority import cose, keyset, revocation
from locker.authority.ed25519 import PrivateKey, PublicKey
from locker.authority.issue_set import make_revocation, make_set
from locker.authority.keys import IssuerKey
from locker.authority.root import Fault

PAGE = Path(__file__).parents[2] / "docs" / "keys.md"
VECTORS = Path(__file__).with_name("rfc8032_section_7_1.json")
BEGIN = "<!-- example: written by tests/authority/test_keys_doc.py -->\n"
END = "<!-- end of example -->"
ISSUER, ROOT = (PrivateKey(bytes.fromhex(each["seed"])) for each in json.loads(VECTORS.read_text(encoding="ascii"))[:2])
IAT = 1_750_000_000
CTI = bytes(range(16))


def key_set() -> bytes:
    """Return the example: one key for residents' tokens, for 400 days."""
    key = IssuerKey(PublicKey(ISSUER.public), keyset.RESIDENTS, not_before=IAT, not_after=IAT + 400 * 86_400)
    return make_set(ROOT, 1, IAT, [key])


def revocation_list() -> bytes:
    """Return the second example: one token."""
    return make_revocation(ROOT, 1, IAT, {CTI: IAT + 604_800})


def block(title: str, content: bytes) -> str:
    """Return a titled block of hexadecimal, in lines of at most 96 characters."""
    text = content.hex()
    lines = [text[at : at + 96] for at in range(0, len(text), 96)]
    return f"{title}\n\n```\n" + "\n".join(lines) + "\n```\n\n"


def example() -> str:
    """Return the part of the page between the two marks."""
    key, revoked = key_set(), revocation_list()
    return (
        block("The root's public key, as cabinets pin it:", ROOT.public)
        + block("Protected header of both, `{1: -8, 4: kid}`:", cose.decode(key).protected)
        + block("Payload of a key set, version 1, one key, active, for deposit and collect:", cose.decode(key).payload)
        + block(f"The whole key set, {len(key)} bytes:", key)
        + block(f"A revocation list, version 1, one token, {len(revoked)} bytes:", revoked)
    )


def test_the_example_on_the_page_is_what_the_code_makes() -> None:
    """If this fails after a wanted change: run ``python tests/authority/test_keys_doc.py``."""
    assert PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0] == example()


def test_the_documents_on_the_page_are_accepted() -> None:
    """A cabinet with that root takes both, as they stand on the page."""
    blocks = re.findall(r"```\n([0-9a-f\n]+)```", PAGE.read_text(encoding="utf-8"))
    root, _, _, key, revoked = (bytes.fromhex(each.replace("\n", "")) for each in blocks)
    found = keyset.verify(key, PublicKey(root))
    assert isinstance(found, keyset.KeySet)
    assert [each.public.raw for each in found.keys] == [ISSUER.public]
    listed = revocation.verify(revoked, PublicKey(root))
    assert isinstance(listed, revocation.RevocationList)
    assert dict(listed.revoked) == {CTI: IAT + 604_800}


def test_the_table_on_the_page_names_every_reason_in_its_order() -> None:
    """All reasons, each once."""
    named = re.findall(r"^\| `([a-z_]+)` \|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert named == [fault.value for fault in Fault]


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(page.split(BEGIN)[0] + BEGIN + example() + END + page.split(END)[1], encoding="utf-8")
    sys.exit(0)
