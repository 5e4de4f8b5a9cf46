"""CBOR for the tests alone (RFC 8949): a writer that can also write wrongly, and a reader that takes one form only.

Neither uses cbor2 nor any code of the project: what they say of a document is a second opinion. The writer takes plain
values (maps in deterministic order) and, in their place, the nodes below for everything that must be refused. The
reader knows integers, byte strings, texts, arrays and maps, each in its deterministic form: no lawful document of ours
has anything else in it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

DEPTH_MAX = 16


@dataclass(frozen=True)
class Raw:
    """These bytes as they are."""

    data: bytes


@dataclass(frozen=True)
class Wide:
    """A value whose head has its number in ``width`` bytes (1, 2, 4 or 8), shortest or not."""

    value: Any
    width: int


@dataclass(frozen=True)
class Endless:
    """A string, array or map of indefinite length."""

    value: Any


@dataclass(frozen=True)
class Tagged:
    """A tag around a value."""

    number: int
    value: Any


@dataclass(frozen=True)
class Pairs:
    """A map with its keys in this order, equal ones too."""

    items: tuple[tuple[Any, Any], ...]


def write(node: Any) -> bytes:
    """The bytes of a value or node; deterministic for plain values."""
    match node:
        case Raw():
            return node.data
        case Tagged(number, value):
            return _head(6, number) + write(value)
        case Wide(value, width):
            return _written(value, width)
        case Endless(value):
            return _endless(value)
        case bool():
            return b"\xf5" if node else b"\xf4"
        case None:
            return b"\xf6"
        case float():
            return b"\xfb" + struct.pack(">d", node)
    return _written(node, 0)


def _head(major: int, number: int, width: int = 0) -> bytes:
    """A head; ``width`` 0 is the shortest. A number that does not fit is cut to what fits."""
    if width == 0 and number < 24:
        return bytes((major << 5 | number,))
    width = width or next(w for w in (1, 2, 4, 8) if number < 256**w or w == 8)
    return bytes((major << 5 | {1: 24, 2: 25, 4: 26, 8: 27}[width],)) + (number % (1 << 8 * width)).to_bytes(
        width, "big"
    )


def _written(node: Any, width: int) -> bytes:
    match node:
        case int() if node >= 0:
            return _head(0, node, width)
        case int():
            return _head(1, -1 - node, width)
        case bytes():
            return _head(2, len(node), width) + node
        case str():
            text = node.encode("utf-8", "surrogatepass")
            return _head(3, len(text), width) + text
        case list() | tuple():
            return _head(4, len(node), width) + b"".join(write(each) for each in node)
        case dict():
            pairs = sorted((write(key), write(value)) for key, value in node.items())
            return _head(5, len(pairs), width) + b"".join(key + value for key, value in pairs)
        case Pairs(items):
            return _head(5, len(items), width) + b"".join(write(key) + write(value) for key, value in items)
    return write(node)


def _endless(value: Any) -> bytes:
    match value:
        case bytes():
            half = len(value) // 2
            return b"\x5f" + write(value[:half]) + write(value[half:]) + b"\xff"
        case str():
            return b"\x7f" + write(value) + b"\xff"
        case list() | tuple():
            return b"\x9f" + b"".join(write(each) for each in value) + b"\xff"
        case dict():
            return b"\xbf" + write(value)[1:] + b"\xff"
        case Pairs(items):
            return b"\xbf" + b"".join(write(key) + write(each) for key, each in items) + b"\xff"
    return write(value)


class NotLawful(Exception):
    """The bytes are not the deterministic form of one value of the few kinds that documents are made of."""


def read(data: bytes) -> Any:
    """The one value that ``data`` is, to the last byte. Raises ``NotLawful`` for all else."""
    value, end = _item(data, 0, 0)
    if end != len(data):
        raise NotLawful("bytes after the item")
    return value


def _number(data: bytes, at: int) -> tuple[int, int, int]:
    """The major type, the number of a head in its shortest form, and where it ends."""
    if at >= len(data):
        raise NotLawful("ends too early")
    major, small = data[at] >> 5, data[at] & 31
    if small < 24:
        return major, small, at + 1
    if small > 27:
        raise NotLawful("reserved or indefinite")
    width: int = 2 ** (small - 24)
    end = at + 1 + width
    if end > len(data):
        raise NotLawful("ends too early")
    number = int.from_bytes(data[at + 1 : end], "big")
    if number < (24 if width == 1 else 256 ** (width // 2)):
        raise NotLawful("not the shortest form")
    return major, number, end


def _item(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    major, number, at = _number(data, at)
    if major == 0:
        return number, at
    if major == 1:
        return -1 - number, at
    if major in (2, 3):
        return _string(data, at, number, major == 3)
    if major > 5 or depth > DEPTH_MAX or number > len(data):
        raise NotLawful("a tag, a simple value, or too much")
    return _array(data, at, number, depth) if major == 4 else _map(data, at, number, depth)


def _string(data: bytes, at: int, length: int, text: bool) -> tuple[Any, int]:
    found = data[at : at + length]
    if len(found) < length:
        raise NotLawful("ends too early")
    try:
        return (found.decode() if text else found), at + length
    except UnicodeDecodeError:
        raise NotLawful("not UTF-8") from None


def _array(data: bytes, at: int, count: int, depth: int) -> tuple[list[Any], int]:
    items = []
    for _ in range(count):
        item, at = _item(data, at, depth + 1)
        items.append(item)
    return items, at


def _map(data: bytes, at: int, count: int, depth: int) -> tuple[dict[Any, Any], int]:
    items: dict[Any, Any] = {}
    before = b""
    for _ in range(count):
        begun = at
        key, at = _item(data, at, depth + 1)
        if type(key) not in (int, str, bytes) or data[begun:at] <= before:
            raise NotLawful("a key that is a container, out of order, or there twice")
        before = data[begun:at]
        items[key], at = _item(data, at, depth + 1)
    return items, at
