"""Who is to get an envelope's label: rows of a table, or numbers in a row.

The table is CSV with a heading: ``order`` and, where wanted, ``kind``, ``size`` and ``low``, in any sequence, in
English or Chinese, in UTF-8 or, as an office's spreadsheet saves it, in GB 18030. Everything that is wrong is told with
its line and column. Knows tables; never a page.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from locker.labels import ORDER_BYTES_MAX
from locker.model import Kind, Size

LABELS_MAX = 5000
COLUMNS = {"订单": "order", "订单号": "order", "种类": "kind", "大小": "size", "低位": "low"}
KINDS = {
    "certificate": Kind.CERTIFICATE,
    "证件": Kind.CERTIFICATE,
    "submission": Kind.SUBMISSION,
    "材料": Kind.SUBMISSION,
}
YES, NO = ("yes", "是", "1", "true"), ("no", "否", "0", "false", "")


class OrdersError(ValueError):
    """A table that cannot be printed; one line for each thing that is wrong."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One label to print; what is None is not printed."""

    order: bytes
    kind: Kind | None = None
    size: Size | None = None
    low: bool = False


def read(data: bytes, where: str) -> list[Envelope]:
    """The rows of a table. Raises ``OrdersError`` with every line and column that is wrong."""
    reader = csv.reader(io.StringIO(_text(data, where), newline=""))
    try:
        rows = list(reader)
    except csv.Error as error:
        raise OrdersError(f"{where} line {reader.line_num}: not CSV: {error}") from error
    if not rows:
        raise OrdersError(f"{where}: empty; the first line names the columns: order,kind,size,low")
    names, problems = [COLUMNS.get(name.strip(), name.strip().lower()) for name in rows[0]], list[str]()
    problems += [f"{where} line 1: no column {name!r}; there are order, kind, size, low" for name in _strange(names)]
    if names.count("order") != 1:
        problems.append(f"{where} line 1: one column must be named order (订单)")
    if problems:
        raise OrdersError("\n".join(problems))
    found = list[Envelope]()
    for number, row in enumerate(rows[1:], 2):
        if any(cell.strip() for cell in row):
            told, envelope = _envelope(dict(zip(names, row, strict=False)), len(row) - len(names))
            problems += [f"{where} line {number}, {problem}" for problem in told]
            found.append(envelope)
    problems += _repeated(found, where)
    if len(found) > LABELS_MAX:
        problems.append(f"{where}: {len(found)} labels; at most {LABELS_MAX} at a time")
    if problems:
        raise OrdersError("\n".join(problems[:20]))
    return found


def numbered(first: str, count: int, like: Envelope) -> list[Envelope]:
    """Labels for envelopes that have no order yet, numbered on from ``first``, which ends in digits."""
    ending = re.search(r"[0-9]+\Z", first)
    if ending is None:
        raise OrdersError(f"--first {first!r}: must end in digits, which are counted up, as in A0001")
    if not 1 <= count <= LABELS_MAX:
        raise OrdersError(f"--count {count}: 1 to {LABELS_MAX} at a time")
    width, begin = len(ending[0]), int(ending[0])
    if len(str(begin + count - 1)) > width:
        raise OrdersError(f"--first {first!r}: {count} numbers do not fit into {width} digits; write more zeros")
    orders = [f"{first[:-width]}{number:0{width}d}" for number in range(begin, begin + count)]
    return [Envelope(order_of(order), like.kind, like.size, like.low) for order in orders]


def order_of(text: str) -> bytes:
    """An order as it is written: a text, or ``hex:`` and its bytes. Raises ``ValueError``."""
    try:
        order = bytes.fromhex(text.removeprefix("hex:")) if text.startswith("hex:") else text.encode()
    except ValueError:
        raise ValueError("has something behind hex: that is not hexadecimal") from None
    if not 1 <= len(order) <= ORDER_BYTES_MAX:
        raise ValueError(f"has {len(order)} bytes; allowed: 1 to {ORDER_BYTES_MAX}")
    return order


def _text(data: bytes, where: str) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise OrdersError(f"{where}: neither UTF-8 nor GB 18030; save the table as CSV in UTF-8")


def _strange(names: list[str]) -> list[str]:
    return [name for name in names if name not in ("order", "kind", "size", "low")]


def _envelope(cells: dict[str, str], surplus: int) -> tuple[list[str], Envelope]:
    """One row, and what is wrong with it, each beginning with its column."""
    told = [f"column {surplus} beyond the last: there are more cells than names"] if surplus > 0 else []
    order, kind, size, low = (cells.get(name, "").strip() for name in ("order", "kind", "size", "low"))
    raw = b"?"
    try:
        raw = order_of(order)
    except ValueError as error:
        told.append(f"column order: {order!r} {error}")
    if kind and kind.lower() not in KINDS:
        told.append(f"column kind: found {kind!r}; allowed: {', '.join(KINDS)} or empty")
    if size and size.upper() not in Size.__members__:
        told.append(f"column size: found {size!r}; allowed: S, M, L or empty")
    if low.lower() not in YES + NO:
        told.append(f"column low: found {low!r}; allowed: yes, no, 是, 否 or empty")
    sized = Size.__members__.get(size.upper())
    return told, Envelope(raw, KINDS.get(kind.lower()), sized, low.lower() in YES)


def _repeated(found: list[Envelope], where: str) -> Iterator[str]:
    """Two envelopes with one order could not be told apart by their label."""
    seen = set[bytes]()
    for envelope in found:
        if envelope.order in seen and envelope.order != b"?":
            yield f"{where}: order {envelope.order.decode(errors='replace')!r} twice; each envelope needs its own"
        seen.add(envelope.order)
