"""QR codes carry the token exactly, in every form, on light and dark screens, and never denser than a scanner reads."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET

import pytest
import zxingcpp
from PIL import Image, ImageOps

from locker.authority.claims import Claims
from locker.authority.ed25519 import PrivateKey
from locker.authority.issue import sign
from locker.cli import qr
from locker.model import Purpose

ONLY_QR = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
KEY = PrivateKey(b"\x01" * 32)
IAT = 1_750_000_000
SMALL = Claims(Purpose.DEPOSIT, 0, b"1", 0, "a", IAT + 60, IAT, bytes(16), b"")
TYPICAL = Claims(Purpose.COLLECT, 0, b"20250612-0042", 6, "sjz-gate-1", IAT + 60, IAT, b"\xff" * 16, b"")
BOOKED = Claims(Purpose.DEPOSIT, 24, b"x" * 16, 15, "sjz-yuhua-gate-01", IAT + 60, IAT, bytes(16), b"", nbf=IAT)
STAFF = Claims(Purpose.STAFF, 0, b"", 0, "sjz-gate-1", IAT + 60, IAT, bytes(16), b"", sub="王芳", nonce=b"8 bytes!")
LARGEST = Claims(Purpose.DEPOSIT, 24, b"x" * 16, 15, "c" * 32, IAT + 60, IAT, bytes(16), b"", nbf=IAT, nonce=bytes(8))


def picture(rows: list[list[bool]] | tuple[tuple[bool, ...], ...]) -> Image.Image:
    """Return modules as a picture of 4 pixels each."""
    image = Image.new("L", (len(rows[0]), len(rows)))
    image.putdata([0 if dark else 255 for row in rows for dark in row])
    return image.resize((len(rows[0]) * 4, len(rows) * 4), Image.Resampling.NEAREST)


def scan(image: Image.Image) -> zxingcpp.Barcode:
    """Return the one code that an independent reader finds, without its tricks for inverted pictures."""
    found = zxingcpp.read_barcodes(image, ONLY_QR, try_rotate=False, try_invert=False)
    assert len(found) == 1
    return found[0]


def version_of(barcode: zxingcpp.Barcode) -> int:
    """Return the version that the reader saw in the picture."""
    extra: dict[str, str] = dict(barcode.extra)  # type: ignore[call-overload]
    return int(extra["Version"])


def modules_of_terminal(text: str) -> list[list[bool]]:
    """Return what a terminal would show: each half block as two modules, True where its colour is black."""
    rows: list[list[bool]] = []
    for line in text.splitlines():
        upper: list[bool] = []
        lower: list[bool] = []
        for ink, paper, blocks in re.findall(r"\x1b\[38;5;(\d+);48;5;(\d+)m(▀+)", line):
            upper += [ink == "16"] * len(blocks)
            lower += [paper == "16"] * len(blocks)
        rows += [upper, lower]
    return rows


@pytest.mark.parametrize("claims", [SMALL, TYPICAL, BOOKED, STAFF, LARGEST])
def test_a_picture_of_a_token_is_read_as_the_token(claims: Claims) -> None:
    """PNG out, an independent decoder in: same text, error correction M, version as said and at most 10."""
    token = sign(claims, KEY)
    code = qr.draw(token)
    read = scan(Image.open(io.BytesIO(qr.png(code))).convert("L"))
    assert read.text == token
    assert (read.ec_level, version_of(read)) == ("M", code.version)
    assert code.version <= 10


def test_tokens_have_the_sizes_that_the_contract_promises() -> None:
    """A typical token is version 8 or 9, the largest for residents 10."""
    assert qr.draw(sign(TYPICAL, KEY)).version in (8, 9)
    assert qr.draw(sign(LARGEST, KEY)).version == 10


def test_the_mode_is_alphanumeric() -> None:
    """221 characters fit version 8 at M in alphanumeric mode only (ISO/IEC 18004 table 7: 221, against 152 bytes)."""
    assert qr.draw("LK1:" + "A" * 217).version == 8
    assert qr.draw("LK1:" + "A" * 218).version == 9
    assert qr.draw("LK1:" + "12345 $%*+-./:" * 15 + "1234567").version == 8


def test_the_quiet_zone_is_white_in_every_form() -> None:
    """Four modules of white around, inside the picture itself."""
    code = qr.draw(sign(TYPICAL, KEY))
    side = len(code.rows)
    assert side == 17 + 4 * code.version + 2 * qr.QUIET_MODULES
    for turned in (code.rows, tuple(zip(*code.rows, strict=True))):
        assert not any(any(row) for row in (*turned[:4], *turned[-4:]))
        assert any(turned[4])


def test_a_png_is_two_colours_at_eight_pixels_a_module() -> None:
    """Small, and sharp when printed."""
    code = qr.draw(sign(TYPICAL, KEY))
    data = qr.png(code)
    image = Image.open(io.BytesIO(data))
    image.verify()
    assert (image.mode, image.size) == ("1", (len(code.rows) * 8,) * 2)
    assert len(data) < 4000


def test_an_svg_holds_the_same_modules_on_its_own_white() -> None:
    """Drawn from its path, an independent decoder reads the token; the white does not come from the page."""
    token = sign(TYPICAL, KEY)
    code = qr.draw(token)
    root = ET.fromstring(qr.svg(code))
    white, black = root.findall("{http://www.w3.org/2000/svg}path")
    side = len(code.rows)
    assert (white.get("fill"), white.get("d")) == ("#fff", f"M0 0h{side}v{side}H0z")
    dark = {(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", black.get("d", ""))}
    rows = [[(x, y) in dark for x in range(side)] for y in range(side)]
    assert scan(picture(rows)).text == token


def test_a_terminal_shows_it_the_right_way_round_in_any_theme() -> None:
    """The colours are set for every module, also the white; an inverted picture would not be read here."""
    token = sign(TYPICAL, KEY)
    shown = qr.terminal(qr.draw(token))
    rows = modules_of_terminal(shown)
    assert {len(row) for row in rows} == {len(qr.draw(token).rows)}
    assert scan(picture(rows)).text == token
    assert all(line.endswith("\x1b[0m") for line in shown.splitlines())
    inverted = ImageOps.invert(picture(rows))
    assert not zxingcpp.read_barcodes(inverted, ONLY_QR, try_invert=False)


def test_denser_codes_and_other_characters_are_refused() -> None:
    """311 characters are version 10 (ISO/IEC 18004 table 7), 312 are refused; small letters too."""
    assert qr.draw("A" * 311).version == 10
    with pytest.raises(qr.QrError, match="312 characters need QR version 11"):
        qr.draw("A" * 312)
    assert qr.draw("A" * 400, qr.VERSION_ANY).version == 12
    for text in ("lk1:", "柜", "A\n", "A,B"):
        with pytest.raises(qr.QrError, match="alphanumeric"):
            qr.draw(text)
