"""Sheets of labels as they come out of the printer: every code reads, carries the right text and has its size."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from locker import door_labels, labels
from locker.cli import main
from locker.config import load
from locker.labels import Label
from locker.model import Size
from locker.sheets import pdf, svg
from locker.sheets.page import Box, Grid, Page, Shape

EXAMPLE = Path(__file__).resolve().parents[2] / "config" / "cabinet.toml"
PIXELS_MM = 10
CABINET = load(EXAMPLE).cabinet.id
fonts = pytest.mark.debian("fonts-noto-cjk", "poppler-utils")
ORDERS = """order,kind,size,low
XY20261123-0042,certificate,S,
A1,submission,M,yes
hex:00ff10,,L,no
0123456789ABCDEF,证件,,是
"""


def printed(program: Callable[[str], str], path: Path) -> list[Image.Image]:
    """The pages of a PDF at ten pixels a millimetre."""
    given = ["-r", str(PIXELS_MM * 25.4), "-png", str(path), str(path.with_suffix(""))]
    subprocess.run([program("pdftoppm"), *given], check=True, capture_output=True)
    found = sorted(path.parent.glob(f"{path.stem}-*.png"))
    return [Image.open(io.BytesIO(page.read_bytes())) for page in found]


def codes(page: Image.Image) -> dict[str, zxingcpp.Barcode]:
    """Every code on a page, by its text."""
    found = zxingcpp.read_barcodes(page, zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode]))
    assert len({code.text for code in found}) == len(found)
    return {code.text: code for code in found}


def sheet(out: Path, *words: str) -> Path:
    """Run the command; where it wrote."""
    assert main.main(["labels", *words, "--config", str(EXAMPLE), "--out", str(out)]) == 0
    return out


@fonts
def test_every_envelope_of_a_table_has_its_code(program: Callable[[str], str], tmp_path: Path) -> None:
    """Four rows of a table: four codes, each what the cabinet's decoder makes the same order, size and height of."""
    table = tmp_path / "orders.csv"
    table.write_text(ORDERS, encoding="utf-8")
    (page,) = printed(program, sheet(tmp_path / "e.pdf", "envelopes", "--orders", str(table)))
    wanted = [
        Label(b"XY20261123-0042", Size.S),
        Label(b"A1", Size.M, True),
        Label(b"\x00\xff\x10", Size.L),
        Label(b"0123456789ABCDEF", None, True),
    ]
    found = [labels.decode(text.encode(), CABINET) for text in codes(page)]
    assert sorted(found, key=lambda label: label.order) == sorted(wanted, key=lambda label: label.order)


@fonts
def test_a_full_sheet_of_numbers_reads_and_lies_in_its_grid(program: Callable[[str], str], tmp_path: Path) -> None:
    """3 x 8 labels of 70 x 37 mm: 24 codes in sequence, each within its own cell and of the right size."""
    out = sheet(tmp_path / "n.pdf", "envelopes", "--count", "24", "--first", "A0001", "--size", "S", "--cut")
    (page,) = printed(program, out)
    assert abs(page.width - 2100) <= 1 and abs(page.height - 2970) <= 1
    found, grid = codes(page), Grid(3, 8, 70, 37)
    assert len(found) == 24
    for index in range(24):
        text = labels.encode(Label(f"A{index + 1:04d}".encode(), Size.S), CABINET)
        place, cell = found[text].position, grid.cell(index)
        corners = [place.top_left, place.top_right, place.bottom_right, place.bottom_left]
        assert all(cell.x < corner.x / PIXELS_MM < cell.x + 35 for corner in corners)
        assert all(cell.y < corner.y / PIXELS_MM < cell.y + cell.height for corner in corners)
        side_mm = (place.top_right.x - place.top_left.x) / PIXELS_MM
        assert abs(side_mm - 29 * 25 / 33) < 1, "version 2: 25 modules, and 4 of white on each side, in 29 mm"
        assert abs(place.top_left.x / PIXELS_MM - (cell.x + 4 + 4 * 29 / 33)) < 0.5, "the white on the left"
        assert abs(place.top_left.y / PIXELS_MM - (cell.y + 4 + 4 * 29 / 33)) < 0.5, "the white above"


@fonts
def test_every_door_has_its_number_and_its_code(program: Callable[[str], str], tmp_path: Path) -> None:
    """24 doors on two sheets: each code says the cabinet and the door, and there is as much ink as a number has."""
    pages = printed(program, sheet(tmp_path / "d.pdf", "doors"))
    assert len(pages) == 2
    found = [door_labels.decode(text) for page in pages for text in codes(page)]
    assert sorted(door for _, door in filter(None, found)) == list(range(1, 25))
    assert {cabinet for cabinet, _ in filter(None, found)} == {CABINET}
    grid, first = Grid(2, 6, 99, 46), codes(pages[0])
    for index in range(12):
        cell = grid.cell(index)
        place = first[door_labels.encode(CABINET, index + 1)].position
        assert cell.x + 6 < place.top_left.x / PIXELS_MM < cell.x + 10, "centred on the paper"
        assert cell.y + 4 < place.top_left.y / PIXELS_MM and place.bottom_right.y / PIXELS_MM < cell.y + 42
        left, top = PIXELS_MM * cell.x, PIXELS_MM * cell.y
        number = pages[0].convert("L").crop((left + 450, top + 30, left + 900, top + 250))
        ink = 1 - sum(number.tobytes()) / 255 / (number.width * number.height)
        assert 0.03 < ink < 0.6, f"door {index + 1} has no large number"


@pytest.mark.debian("fonts-noto-cjk", "chromium")
def test_the_svg_is_the_same_sheet(program: Callable[[str], str], tmp_path: Path) -> None:
    """The browser prints the same codes from the SVG: one file a page, in millimetres."""
    out = sheet(tmp_path / "d.svg", "doors", "--grid", "2x6")
    second = tmp_path / "d-2.svg"
    assert 'width="210mm" height="297mm" viewBox="0 0 210 297"' in out.read_text() and second.exists()
    shot = tmp_path / "d.png"
    given = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={tmp_path / 'c'}"]
    given += ["--window-size=1588,2246", f"--screenshot={shot}", second.as_uri()]
    subprocess.run([program("chromium"), *given], check=True, capture_output=True, timeout=100)
    found = {door_labels.decode(text) for text in codes(Image.open(shot))}
    assert found == {(CABINET, door) for door in range(13, 25)}


@fonts
def test_a_used_sheet_is_gone_on_with_and_another_cabinet_is_told(
    program: Callable[[str], str], tmp_path: Path
) -> None:
    """--skip leaves the labels that were used; --any-cabinet makes a label that every cabinet takes."""
    words = ("envelopes", "--count", "3", "--first", "B08", "--skip", "23", "--any-cabinet")
    pages = printed(program, sheet(tmp_path / "s.pdf", *words))
    assert [len(codes(page)) for page in pages] == [1, 2]
    (text,) = codes(pages[0])
    assert labels.decode(text.encode(), "quite-another").order == b"B08"
    (last,) = codes(pages[0]).values()
    assert last.position.top_left.x > 1400 and last.position.top_left.y > 2590


@fonts
@pytest.mark.parametrize("grid", ["5x13 --label 38x21", "2x4 --label 99.1x67.7 --gap 2.5x0", "4x11 --label 48x25"])
def test_other_grids_read_too(program: Callable[[str], str], tmp_path: Path, grid: str) -> None:
    """Small and large labels of the trade: all codes of a full sheet read."""
    columns, rows = grid.split()[0].split("x")
    count = str(int(columns) * int(rows))
    out = sheet(tmp_path / "g.pdf", "envelopes", "--count", count, "--first", "C001", "--grid", *grid.split())
    (page,) = printed(program, out)
    assert len(codes(page)) == int(count)


def test_the_same_pages_are_the_same_file_and_well_formed() -> None:
    """A PDF's table of places is right, byte for byte; the same pages give the same file."""
    pages = [Page(shapes=[Shape(Box(10, 10, 20, 20).outline())]), Page(shapes=[Shape(Box(1, 1, 2, 2).outline(), 0.5)])]
    data = pdf.write(pages)
    assert data == pdf.write(pages) and data.startswith(b"%PDF-1.4")
    start = int(re.findall(rb"startxref\n(\d+)\n%%EOF\n\Z", data)[0])
    assert data[start:].startswith(b"xref\n0 7\n")
    for number, place in enumerate(re.findall(rb"(\d{10}) 00000 n", data[start:]), 1):
        assert data[int(place) :].startswith(b"%d 0 obj\n" % number)
    assert svg.write(pages[1]).count(b"<path") == 2


def test_a_small_label_is_refused_rather_than_unreadable() -> None:
    """A grid that does not fit the paper says by how much; a cell too small for its code is said by the command."""
    with pytest.raises(ValueError, match="4x8 labels of 70x37 mm are 280 mm wide, A4 has 210 mm"):
        Grid(4, 8, 70, 37)
    with pytest.raises(ValueError, match="0x8: 1 to 40"):
        Grid(0, 8, 70, 37)
