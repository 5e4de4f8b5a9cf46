"""The JavaScript example of docs/examples issues what our own issuer would: equal claims and key, equal bytes.

It is run by Node as a backend would run it, through ``javascript_peer.mjs`` for many tokens at once, and by its own
command line, whose tokens are shown to ``locker token verify`` as its reader is told to do.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from claimed import ROOT, drawn, for_javascript, javascript, key_and_alg, verdict
from crafted import CABINET, NEW, RESIDENT

from locker.authority import base45
from locker.authority.ed25519 import PrivateKey
from locker.authority.issue import sign
from locker.model import Purpose

pytestmark = [pytest.mark.debian("nodejs", "npm"), pytest.mark.prepared("javascript-example")]

EXAMPLE = ROOT / "docs" / "examples" / "javascript"
PAGE = ROOT / "docs" / "examples" / "README.md"
SEED = 20251123
TOKENS = 400


def test_400_tokens_are_to_the_last_byte_what_we_issue() -> None:
    """All purposes, both names of the algorithm, numbers of every width, two scripts: equal texts, and accepted."""
    rng = random.Random(SEED)
    every = [drawn(rng) for _ in range(TOKENS)]
    for claims, text in zip(every, javascript([for_javascript(claims) for claims in every]), strict=True):
        assert text == sign(claims, *key_and_alg(claims)), f"seed {SEED}: {claims}"
        assert verdict(text, claims) == claims, f"seed {SEED}: {claims}"


def test_its_base45_is_the_standards() -> None:
    """The examples of RFC 9285, every single byte, and every pair at the edges."""
    data = [b"", b"AB", b"Hello!!", b"base-45", b"ietf!", b"\xff\xff", *(bytes([n]) for n in range(256))]
    data += [bytes([high, low]) for high in (0, 44, 45, 127, 255) for low in range(256)]
    texts = javascript([{"base45": item.hex()} for item in data])
    assert texts == [base45.encode(item) for item in data]
    assert texts[1:5] == ["BB8", "%69 VD92EX0", "UJCLQE7W581", "QED8WEX0"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"purpose": "open-all"}, "purpose must be one of deposit, collect, staff, technician"),
        ({"purpose": "toString"}, "purpose must be one of"),
        ({"purpose": "staff", "sub": "li"}, "order has 1 bytes"),
        ({"purpose": "staff", "order": ""}, "sub is the person"),
        ({"sub": "li"}, "sub is the person"),
        ({"order": ""}, "order has 0 bytes"),
        ({"order": "00" * 17}, "order has 17 bytes"),
        ({"size": "XL"}, "size must be S, M or L"),
        ({"life": 0}, "life must be"),
        ({"life": 7 * 86_400 + 1}, "life must be"),
        ({"life": None}, "life must be"),
    ],
)
def test_it_does_not_sign_the_mistakes_that_are_easily_made(change: dict[str, object], why: str) -> None:
    """A cabinet would refuse each of these; the example says so before it is printed on anything."""
    job = for_javascript(drawn(random.Random(SEED), Purpose.DEPOSIT))
    wanted = job["wanted"] | {"order": "6f", "size": ""} | change
    assert javascript([job | {"wanted": wanted}])[0].startswith(f"refused: {why}")


def typed(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the example's command line as its page says."""
    command = ["node", str(EXAMPLE / "issue.mjs"), *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8")


def verified(token: str, key: PrivateKey, alg: str) -> subprocess.CompletedProcess[str]:
    """Show a token to ``locker token verify``, on its standard input, as a person would."""
    command = [sys.executable, "-m", "locker", "token", "verify", "--public", key.public.hex(), "--aud", CABINET]
    return subprocess.run(
        [*command, "--alg", alg], cwd=ROOT, input=token, capture_output=True, text=True, encoding="utf-8"
    )


WORDS = {
    Purpose.DEPOSIT: (["--order", "20250612-0042", "--size", "M", "--low"], "wishes        M, low door"),
    Purpose.COLLECT: (["--order", "取件-1", "--life", "5184000"], "order         e58f96e4bbb62d31"),
    Purpose.STAFF: (["--sub", "王芳", "--door", "7", "--life", "43200"], "door          7"),
    Purpose.TECHNICIAN: (["--sub", "li.na", "--spoken"], "spoken"),
}


@pytest.mark.parametrize("alg", ["eddsa", "ed25519"])
@pytest.mark.parametrize("purpose", Purpose)
def test_each_purpose_from_its_command_line_is_accepted(purpose: Purpose, alg: str, tmp_path: Path) -> None:
    """What it prints, now and with a random id, is a token that a cabinet takes; and it is never the same twice."""
    key = RESIDENT if alg == "eddsa" else NEW
    (tmp_path / "issuer.pem").write_bytes(key.to_pem())
    words, said = WORDS[purpose]
    command = ["--key", "issuer.pem", "--aud", CABINET, "--purpose", purpose.name.lower(), "--alg", alg, *words]
    issued = typed(tmp_path, *command)
    assert issued.returncode == 0, issued.stderr
    told = verified(issued.stdout, key, alg)
    assert told.stdout.startswith("ok\n"), told.stdout
    assert f"purpose       {purpose.name.lower()}" in told.stdout
    assert said in told.stdout
    assert typed(tmp_path, *command).stdout != issued.stdout


def test_its_command_line_tells_a_mistake_in_one_line(tmp_path: Path) -> None:
    """A missing word, a wrong one, no key file and a key of another kind: one line, exit code 2, nothing on stdout."""
    (tmp_path / "issuer.pem").write_bytes(RESIDENT.to_pem())
    (tmp_path / "other.pem").write_text("no key")
    good = ["--key", "issuer.pem", "--aud", CABINET, "--purpose", "deposit", "--order", "o"]
    for words in ([], good[:2], [*good, "--alg", "rs256"], [*good, "--open-all"], [*good[:-1], "o" * 17],
                  ["--key", "missing.pem", *good[2:]], ["--key", "other.pem", *good[2:]]):  # fmt: skip
        told = typed(tmp_path, *words)
        assert (told.returncode, told.stdout) == (2, "")
        assert re.fullmatch(r"issue\.mjs: .+\n", told.stderr), told.stderr


def test_the_lock_file_names_no_registry_and_pins_by_hash() -> None:
    """Every package has an integrity hash and no address; there is one, and it brings no others."""
    packages = json.loads((EXAMPLE / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert sorted(packages) == ["", "node_modules/cborg"]
    pinned = packages["node_modules/cborg"]
    assert pinned["integrity"].startswith("sha512-")
    assert "resolved" not in pinned
    assert "dependencies" not in pinned


def test_the_page_says_what_the_example_takes() -> None:
    """Every option of the command line is on the page for backend developers, and so is the example's function."""
    page, code = PAGE.read_text(encoding="utf-8"), (EXAMPLE / "issue.mjs").read_text(encoding="utf-8")
    options = set(re.findall(r"--[a-z]+", code.split("import")[0]))
    assert options == {"--key", "--aud", "--purpose", "--order", "--life", "--size", "--door", "--low", "--spoken",
                       "--sub", "--alg"}  # fmt: skip
    assert options <= set(re.findall(r"--[a-z]+", page))
    assert "issuer(" in page


def test_it_makes_the_worked_examples_of_the_contract() -> None:
    """Both texts of docs/tokens.md, section 4, from what the page says: key, claims, and not one byte of our code."""
    contract = (ROOT / "docs" / "tokens.md").read_text(encoding="utf-8")
    seed = re.search(r"^9d61b19d[0-9a-f]{56}$", contract, flags=re.MULTILINE)
    assert seed is not None
    same = {"aud": "sjz-gate-1", "iat": 1_750_000_000, "cti": "000102030405060708090a0b0c0d0e0f"}
    collect = same | {"purpose": "collect", "order": b"20250612-0042".hex(), "size": "M", "low": True, "life": 604_800}
    staff = same | {"purpose": "staff", "sub": "王芳", "life": 43_200}
    pem = PrivateKey(bytes.fromhex(seed[0])).to_pem().decode("ascii")
    texts = javascript([{"pem": pem, "alg": -8, "wanted": wanted} for wanted in (collect, staff)])
    assert texts == re.findall(r"^LK1:.*$", contract, flags=re.MULTILINE)
