"""Pages as PDF 1.4: filled paths and nothing else, so there is no font to embed and no library to write it with.

Source: ISO 32000-1, sections 7.3 to 7.5 (file structure), 7.7.3 (pages), 8.5 (paths), 8.6.4 (DeviceGray). A file is
the same, byte for byte, whenever the same pages are written. Knows shapes and nothing of labels.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from locker.sheets.page import Page, Shape

POINTS_MM = 72 / 25.4
OPERATORS = {"M": "m", "L": "l", "C": "c", "Z": "h"}


def write(pages: Sequence[Page]) -> bytes:
    """Return a file of these pages."""
    kids = " ".join(f"{3 + 2 * index} 0 R" for index in range(len(pages)))
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode()]
    for index, page in enumerate(pages):
        objects += [_page(page, 4 + 2 * index), _stream(_drawn(page))]
    out, places = bytearray(b"%PDF-1.4\n%\xe4\xba\xba\n"), list[int]()
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    end = b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, len(out))
    return bytes(out) + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + end


def _page(page: Page, contents: int) -> bytes:
    wide, high = page.width_mm * POINTS_MM, page.height_mm * POINTS_MM
    box = f"[0 0 {wide:.3f} {high:.3f}]"
    return f"<</Type/Page/Parent 2 0 R/MediaBox{box}/Resources<<>>/Contents {contents} 0 R>>".encode()


def _stream(text: str) -> bytes:
    packed = zlib.compress(text.encode("ascii"), 9)
    return b"<</Length %d/Filter/FlateDecode>>\nstream\n%s\nendstream" % (len(packed), packed)


def _drawn(page: Page) -> str:
    """The page's paths in millimetres from the upper left; the first line makes them points from the lower left."""
    turned = f"{POINTS_MM:.6f} 0 0 {-POINTS_MM:.6f} 0 {page.height_mm * POINTS_MM:.6f} cm"
    return "\n".join([turned, *(_filled(shape) for shape in page.shapes)])


def _filled(shape: Shape) -> str:
    steps = [" ".join([*(f"{part:.3f}" for part in parts), OPERATORS[name]]) for name, parts in shape.commands]
    return "\n".join([f"{1 - shape.ink:.3f} g", *steps, "f"])
