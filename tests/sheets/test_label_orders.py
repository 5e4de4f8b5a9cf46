"""Tables of orders: read as offices write them, and each mistake told with its line and column."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locker import door_labels
from locker.cli import main
from locker.model import Kind, Size
from locker.sheets.orders import Envelope, OrdersError, numbered, order_of, read

EXAMPLE = Path(__file__).resolve().parents[2] / "config" / "cabinet.toml"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_table_in_chinese_from_a_spreadsheet(encoding: str) -> None:
    """Chinese names and values, in whatever the office's program saves."""
    table = "大小,订单,种类,低位\r\nS,XY-0001,证件,是\r\n\r\n,XY-0002,材料,\r\n"
    assert read(table.encode(encoding), "t") == [
        Envelope(b"XY-0001", Kind.CERTIFICATE, Size.S, True),
        Envelope(b"XY-0002", Kind.SUBMISSION, None, False),
    ]


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("", "t: empty; the first line names the columns"),
        ("kind\ncertificate\n", "t line 1: one column must be named order"),
        ("order,colour\nA,red\n", "t line 1: no column 'colour'; there are order, kind, size, low"),
        ("order,size\nA,S\nB,XL\n", "t line 3, column size: found 'XL'; allowed: S, M, L or empty"),
        ("order,kind\nA,letter\n", "t line 2, column kind: found 'letter'; allowed: certificate"),
        ("order,low\nA,perhaps\n", "t line 2, column low: found 'perhaps'; allowed: yes, no"),
        ("order\nA0123456789ABCDEF\n", "column order: 'A0123456789ABCDEF' has 17 bytes; allowed: 1 to 16"),
        ("order,size\n,S\n", "t line 2, column order: '' has 0 bytes"),
        ("order\nhex:0g\n", "column order: 'hex:0g' has something behind hex: that is not hexadecimal"),
        ("order\nA,S\n", "t line 2, column 1 beyond the last"),
        ("order\nA\nB\nA\n", "t: order 'A' twice; each envelope needs its own"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_column(table: str, problem: str) -> None:
    """Whoever mends the table finds the cell by what is said."""
    with pytest.raises(OrdersError) as refused:
        read(table.encode(), "t")
    assert problem in str(refused.value)


def test_all_mistakes_are_told_at_once() -> None:
    """Three wrong rows are three lines."""
    with pytest.raises(OrdersError) as refused:
        read(b"order,size,low\nA,Q,\nB,,maybe\n,,\nhex:x,S,\n", "t")
    assert len(str(refused.value).splitlines()) == 3


def test_what_is_no_text_is_told() -> None:
    """Neither UTF-8 nor a Chinese encoding: said, not raised from somewhere."""
    with pytest.raises(OrdersError, match="neither UTF-8 nor GB 18030"):
        read(b"order\n\xff\xff\xff", "t")


def test_numbers_are_counted_up_within_their_digits() -> None:
    """A run of numbers keeps its width; one that does not fit into it is refused, and so is one without digits."""
    like = Envelope(b"", Kind.CERTIFICATE, Size.M)
    assert [label.order for label in numbered("XY098", 3, like)] == [b"XY098", b"XY099", b"XY100"]
    assert numbered("1", 1, like)[0].kind is Kind.CERTIFICATE
    with pytest.raises(OrdersError, match="2 numbers do not fit into 1 digits"):
        numbered("A9", 2, like)
    with pytest.raises(OrdersError, match="must end in digits"):
        numbered("A", 2, like)
    with pytest.raises(OrdersError, match="--count 0: 1 to 5000"):
        numbered("A1", 0, like)


def test_the_command_says_what_is_wrong_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong options give one line and exit code 2; no half-written file is left."""
    out = tmp_path / "x.pdf"
    common = ["--config", str(EXAMPLE), "--out", str(out)]
    for words, told in (
        (["envelopes", "--count", "3"], "--count needs --first"),
        (["envelopes", "--count", "3", "--first", "A1", "--grid", "9x9"], "labels of 70x37 mm are 630 mm wide"),
        (["envelopes", "--count", "3", "--first", "A1", "--label", "70"], "two numbers with an x between"),
        (["envelopes", "--count", "3", "--first", "A1", "--skip", "24"], "--skip 24: 0 to 23"),
        (["envelopes", "--count", "3", "--first", "A1", "--font", "/no/font"], "apt-get install fonts-noto-cjk"),
        (["envelopes", "--count", "1", "--first", "A1", "--label", "19x19"], "a scanner needs 0.35 mm"),
        (["envelopes", "--orders", str(tmp_path / "none.csv")], "none.csv"),
        (["doors", "--out", str(tmp_path / "x.doc")], "must end in .pdf or .svg"),
    ):
        assert main.main(["labels", *words[:1], *common, *words[1:]]) == 2
        assert told in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@given(st.binary(min_size=1, max_size=300))
def test_whatever_is_in_a_file_is_read_or_refused(data: bytes) -> None:
    """No table raises anything but what says what is wrong with it."""
    try:
        for envelope in read(data, "t"):
            assert 1 <= len(envelope.order) <= 16
    except OrdersError as refused:
        assert str(refused).startswith("t")


@given(door=st.integers(-5, 400), cabinet=st.from_regex(r"[a-z0-9][a-z0-9-]{0,31}", fullmatch=True))
def test_a_doors_code_says_its_door_and_nothing_else(door: int, cabinet: str) -> None:
    """There and back for every door there can be; what is no door's code is none."""
    if not 1 <= door <= 255:
        with pytest.raises(ValueError, match="has no code"):
            door_labels.encode(cabinet, door)
        return
    text = door_labels.encode(cabinet, door)
    assert door_labels.decode(text) == (cabinet, door)
    assert door_labels.decode(text + "0") != (cabinet, door)
    assert door_labels.decode(text.lower()) is None


def test_an_order_is_a_text_or_bytes() -> None:
    """As ``locker token issue`` takes it."""
    assert (order_of("LK1"), order_of("hex:4c4b")) == (b"LK1", b"LK")
