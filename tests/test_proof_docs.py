"""docs/receipts.md, docs/pickup.md and docs/audit.md stay true: examples, tables, figures and programs.

Run this file as a program to write the receipt's example anew after the contract has changed.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from logs import DEPOSITED, EPOCH, ORDER, START_MS, export, write, write_emptied, write_trimmed

from locker.audit import Fault
from locker.authority import base45, cose
from locker.authority.ed25519 import PrivateKey, PublicKey
from locker.authority.hotp import HELD_MAX, Secret, code
from locker.authority.lockout import LOCK_MS, LOCK_MS_MAX, WINDOW_MS, WRONG_MAX
from locker.authority.receipt import TEXT_BYTES_MAX, Flaw, Receipt, sign, verify
from locker.cli import qr
from locker.model import Quality

ROOT = Path(__file__).resolve().parent.parent
RECEIPTS, PICKUP, AUDIT = (ROOT / "docs" / name for name in ("receipts.md", "pickup.md", "audit.md"))
VECTORS = ROOT / "tests" / "authority" / "rfc8032_section_7_1.json"
BEGIN, END = "<!-- example: written by tests/test_proof_docs.py -->\n", "<!-- end of example -->"
KEY = PrivateKey(bytes.fromhex(json.loads(VECTORS.read_text(encoding="ascii"))[0]["seed"]))
RFC_4226 = b"12345678901234567890" + bytes(12)


def receipt() -> Receipt:
    """The example: the deposit of the story that the audit's tests tell."""
    log_hash = bytes.fromhex("5f2a9c01d37be84466f0c1aa9e12bd07")
    return Receipt("xy-001", START_MS // 1000 + 61, EPOCH, 41, ORDER, 7, Quality.SYNCED, log_hash)


def example() -> str:
    """The part of docs/receipts.md between the two marks."""
    text = sign(receipt(), KEY)
    message = cose.decode(base45.decode(text[5:].encode()))
    parts = {
        "Public key": KEY.public,
        "Event id": receipt().event_id,
        "Protected header": message.protected,
        "Payload": message.payload,
        "Signature": message.signature,
    }
    told = []
    for name, content in parts.items():
        digits = content.hex()
        told.append(
            f"{name}:\n\n```\n" + "\n".join(digits[at : at + 96] for at in range(0, len(digits), 96)) + "\n```\n"
        )
    size = f"{len(message.raw)} bytes, {len(text)} characters, QR version {qr.draw(text).version}"
    said = (
        "cabinet `xy-001`, 2025-11-24T16:01:01Z, `synced`, order `20250612-0042`, door 7, event `6f1c9ae2d0a1b2c3:41`"
    )
    return (
        f"{said}.\n\n"
        + "\n".join(told)
        + f"\nThe text, {size} (one line; the spaces belong to it):\n\n```\n{text}\n```\n"
    )


def page(path: Path) -> str:
    """A page's text."""
    return path.read_text(encoding="utf-8")


def programs(path: Path, language: str) -> list[str]:
    """The programs on a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page(path), re.DOTALL | re.MULTILINE)


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program."""
    return subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True)


# --- receipts -------------------------------------------------------------------------------------


def test_the_receipt_on_the_page_is_what_the_code_makes() -> None:
    """If this fails after a wanted change: run ``python tests/test_proof_docs.py``."""
    assert page(RECEIPTS).split(BEGIN)[1].split(END)[0] == example()


def test_the_receipt_on_the_page_is_accepted() -> None:
    """As it stands there, with the key that stands there."""
    [text] = re.findall(r"^LKR1:.*$", page(RECEIPTS), re.MULTILINE)
    assert verify(text.encode(), PublicKey(KEY.public)) == receipt()


def test_the_page_names_every_reason_and_the_limit() -> None:
    """Each reason for which a receipt is rejected, and how long a text may be."""
    assert [flaw.value for flaw in Flaw if f"`{flaw.value}`" not in page(RECEIPTS)] == []
    assert f"At most {TEXT_BYTES_MAX} characters" in page(RECEIPTS)


def test_the_program_for_receipts_works(tmp_path: Path) -> None:
    """It prints the claims of a genuine one and fails for a changed one (with our Base45 in the library's place)."""
    (tmp_path / "base45.py").write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom locker.authority import base45\n"
        "b45decode = lambda text: base45.decode(text.encode())\n",
        encoding="utf-8",
    )
    [source] = programs(RECEIPTS, "python")
    program = tmp_path / "check.py"
    program.write_text(source, encoding="utf-8")
    text = sign(receipt(), KEY)
    told = run(sys.executable, program, text, KEY.public.hex())
    assert told.stdout.startswith("{3: 'xy-001', 6: 1764000061, 7: b'o\\x1c"), told.stderr
    changed = text.replace("GQ/", "GQ0")
    assert changed != text
    assert run(sys.executable, program, changed, KEY.public.hex()).returncode != 0


# --- pick-up codes --------------------------------------------------------------------------------


def test_the_table_of_codes_is_true() -> None:
    """Every code on the page."""
    rows = re.findall(r"^\| ([0-9]+) \| ([0-9]{6}) \| ([0-9]{7}) \| ([0-9]{8}) \|$", page(PICKUP), re.MULTILINE)
    assert len(rows) == 4
    for counter, *codes in rows:
        assert codes == [code(Secret(RFC_4226), int(counter), digits) for digits in (6, 7, 8)]
    assert RFC_4226[:20].hex() in page(PICKUP)


@pytest.mark.parametrize("language", ["python", "js"])
def test_the_programs_for_codes_compute_the_same(tmp_path: Path, language: str) -> None:
    """Python always; the one for Node where there is one: the mini-program's backend may copy it."""
    interpreter = sys.executable if language == "python" else shutil.which("node")
    if interpreter is None:
        pytest.skip("no node here: the program in docs/pickup.md for Node was not run")
    [source] = programs(PICKUP, language)
    program = tmp_path / f"code.{'py' if language == 'python' else 'cjs'}"
    program.write_text(source, encoding="utf-8")
    for counter, digits in ((0, 6), (7, 8), (2**40 + 1, 7), (2**63, 6)):
        told = run(interpreter, program, RFC_4226.hex(), str(counter), str(digits))
        assert told.stdout.strip() == code(Secret(RFC_4226), counter, digits), told.stderr


def test_the_figures_of_guessing_are_true() -> None:
    """Odds follow from guesses, items and digits; the guesses are held by the lock-out's own tests."""
    rows = re.findall(r"\| ([0-9]+) \| 1 : ([0-9,]+)[^|]*\| 1 : ([0-9,]+) \|", page(PICKUP))
    assert [int(row[0]) for row in rows] == [1, 41, 29, 41 + 23 * 29]
    for guesses, six, eight in rows:
        assert int(six.replace(",", "")) == 10**6 // (HELD_MAX * int(guesses))
        assert int(eight.replace(",", "")) == 10**8 // (HELD_MAX * int(guesses))
    assert (WRONG_MAX, WINDOW_MS, LOCK_MS, LOCK_MS_MAX) == (5, 600_000, 60_000, 900_000)
    days = 0.693 * 10**6 / HELD_MAX / (24 * 29)
    assert "after about 40 days" in page(PICKUP)
    assert 38 < days < 43


# --- the audit ------------------------------------------------------------------------------------


def test_the_table_of_findings_names_each_once() -> None:
    """No finding that the page does not explain."""
    named = re.findall(r"^\| `([a-z_]+)` \|", page(AUDIT), re.MULTILINE)
    assert sorted(named) == sorted(fault.value for fault in Fault)


def test_the_program_for_the_chain_works(tmp_path: Path) -> None:
    """On a whole log, a trimmed one and one with emptied notes; it stops at an altered row."""
    [source] = programs(AUDIT, "python")
    program = tmp_path / "chain.py"
    program.write_text(source, encoding="utf-8")
    for make, last in ((write, 12), (write_trimmed, 1200), (write_emptied, 1003)):
        lines = export(make(tmp_path / f"{make.__name__}.db"))
        file = tmp_path / "log.jsonl"
        file.write_bytes(b"".join(lines))
        told = run(sys.executable, program, file)
        assert told.stdout.startswith(f"intact up to {last} "), told.stderr
    lines = export(tmp_path / "write.db")
    lines[DEPOSITED - 1] = lines[DEPOSITED - 1].replace(b'"door":7', b'"door":8')
    file.write_bytes(b"".join(lines))
    assert run(sys.executable, program, file).stderr == "row 6 does not follow from the row before\n"


@pytest.mark.parametrize("path", [RECEIPTS, PICKUP, AUDIT])
def test_every_page_begins_in_chinese_and_its_links_lead_somewhere(path: Path) -> None:
    """The first paragraph is the summary for those who read Chinese; links are to pages that are there."""
    first = page(path).split("\n\n")[1]
    assert len(re.findall("[\u4e00-\u9fff]", first)) > 80
    for link in re.findall(r"\]\(([^)#]+)\)", page(path)):
        assert (path.parent / link).exists(), link


if __name__ == "__main__":
    before, rest = page(RECEIPTS).split(BEGIN)
    RECEIPTS.write_text(before + BEGIN + example() + END + rest.split(END)[1], encoding="utf-8")
