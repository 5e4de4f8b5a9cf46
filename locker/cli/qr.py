"""QR codes of tokens as PNG, SVG or in a terminal.

Knows how dense a code a scanner module in the cabinet can read (version 10 at error correction M, from 25 cm), and
that phones and terminals have dark modes: each form brings its own white, with the quiet zone of four modules inside.
The pictures are written here; ``locker.qr`` arranges the modules. Must never know what a token says.

Met in qrcode 8.2: a block of nothing but zero bits raises ``ValueError: glog(0)``. It takes over 300 zero bits in a
row, which a token, ending in its signature, cannot have.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from locker.authority.base45 import ALPHABET
from locker.qr import arrange

VERSION_MAX = 10
"""The densest code that scanner modules of 640 x 480 pixels read reliably (tokens contract, section 1)."""
VERSION_ANY = 40
"""The densest code there is."""
QUIET_MODULES = 4
"""White around the code (ISO/IEC 18004, section 5.3.8)."""
PNG_PIXELS = 8
"""Pixels of a module in a PNG."""

_BLACK, _WHITE = 16, 231
"""Entries of the 256-colour table that no terminal theme redefines."""


class QrError(ValueError):
    """The text cannot be drawn as the cabinet's scanner needs it; says why."""


@dataclass(frozen=True, slots=True)
class Code:
    """A drawn code: its version and its rows of modules, True for dark, quiet zone included."""

    version: int
    rows: tuple[tuple[bool, ...], ...]


def draw(text: str, version_max: int = VERSION_MAX) -> Code:
    """Return the code of ``text``, all in alphanumeric mode at error correction M.

    Raises ``QrError`` for characters outside that mode and above ``version_max``.
    """
    data = text.encode("ascii", errors="replace")
    if data.translate(None, ALPHABET):
        raise QrError("a QR code in alphanumeric mode holds only 0-9, A-Z, space and $%*+-./:")
    version, rows = arrange(data, QUIET_MODULES)
    if version > version_max:
        raise QrError(
            f"{len(text)} characters need QR version {version}, scanners read up to {version_max}; "
            "shorten the order, the subject or the cabinet's id"
        )
    return Code(version, rows)


def png(code: Code, module_pixels: int = PNG_PIXELS) -> bytes:
    """Return a black and white PNG picture, one bit a pixel."""
    side = len(code.rows) * module_pixels
    lines = b"".join(_png_row(row, module_pixels, side) * module_pixels for row in code.rows)
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    parts = (_chunk(b"IHDR", head), _chunk(b"IDAT", zlib.compress(lines, 9)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def svg(code: Code) -> str:
    """Return an SVG picture, one unit a module, black on its own white."""
    side = len(code.rows)
    path = "".join(
        f"M{column} {line}h1v1h-1z" for line, row in enumerate(code.rows) for column, dark in enumerate(row) if dark
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path fill="#000" d="{path}"/></svg>\n'
    )


def terminal(code: Code) -> str:
    """Return lines for a terminal of 256 colours, two rows of modules a line, right in light and dark themes."""
    rows = [*code.rows, (False,) * len(code.rows)]
    pairs = zip(rows[0:-1:2], rows[1::2], strict=True)
    return "\n".join(_terminal_line(upper, lower) for upper, lower in pairs) + "\n"


def _png_row(row: tuple[bool, ...], module_pixels: int, side: int) -> bytes:
    """Return one line of pixels (1 is white) behind its filter byte."""
    bits = "".join(("0" if dark else "1") * module_pixels for dark in row)
    width = (side + 7) // 8
    return b"\0" + int(bits.ljust(width * 8, "1"), 2).to_bytes(width, "big")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _terminal_line(upper: tuple[bool, ...], lower: tuple[bool, ...]) -> str:
    """Return one line: the upper half block in the upper module's colour on the lower module's."""
    line = ""
    last = None
    for colours in zip(upper, lower, strict=True):
        if colours != last:
            ink, paper = (_BLACK if dark else _WHITE for dark in colours)
            line += f"\x1b[38;5;{ink};48;5;{paper}m"
            last = colours
        line += "▀"
    return line + "\x1b[0m"
