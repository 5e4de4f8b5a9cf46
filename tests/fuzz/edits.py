"""Ways of changing things: bytes, characters of Base45, trees of CBOR, and how a tree is encoded.

All draw from one ``Random`` that is handed in, so that a seed repeats a campaign. Nothing here knows what a document
means.
"""

from __future__ import annotations

from random import Random
from typing import Any

from plain_cbor import Endless, Pairs, Raw, Tagged, Wide, write

HEADS = bytes.fromhex("00171838585f787f80989fa0b8bfc0c2d2d8d9f4f5f6f7f8f9fafbff")
"""First bytes of CBOR items that matter: lengths, indefinite lengths, tags, simple values, floats, break."""
OUTSIDE = b"az_,;@#\0\n\r\t\x1d\x7f\x80\xa0\xff"
"""Bytes that are not in the alphabet of Base45."""
INSIDE = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def some_bytes(raw: bytes, chance: Random, likely: bytes = HEADS) -> bytes:
    """``raw`` with one to four flips, replacements, insertions, deletions, exchanges, repetitions or cuts."""
    data = bytearray(raw)
    for _ in range(chance.choice((1, 1, 1, 1, 2, 3, 4))):
        at, length = chance.randrange(len(data) + 1), chance.choice((1, 1, 1, 2, 4, 16))
        other = chance.randrange(len(data) + 1)
        match chance.randrange(10):
            case 0 | 1 | 2 if at < len(data):
                data[at] ^= 1 << chance.randrange(8)
            case 3 if at < len(data):
                data[at] = chance.choice(likely)
            case 4:
                data[at:at] = chance.choice((chance.randbytes(length), bytes(chance.choices(likely, k=length))))
            case 5:
                del data[at : at + length]
            case 6:
                data[at : at + length], data[other : other + length] = (
                    data[other : other + length],
                    data[at : at + length],
                )
            case 7:
                data[at : at + length] = data[other : other + length]
            case 8:
                data[at:at] = data[other : other + length]
            case _:
                del data[at or 1 :]
    return bytes(data)


def splice(one: bytes, other: bytes, chance: Random) -> bytes:
    """The beginning of one and the end of another, or a stretch of the other inside the one."""
    at, to = chance.randrange(len(one) + 1), chance.randrange(len(other) + 1)
    if chance.random() < 0.4:
        return one[:at] + other[at:]
    if chance.random() < 0.5:
        return one[:at] + other[to:]
    length = chance.choice((1, 4, 8, 16, 32, 64))
    return one[:at] + other[to : to + length] + one[at + length :]


def some_text(text: bytes, prefix: bytes, chance: Random) -> bytes:
    """A reading changed as scanners, printers and people change one: case, blanks, length, alphabet, prefix, twice."""
    body = text[len(prefix) :]
    at = chance.randrange(len(body))
    match chance.randrange(12):
        case 0:
            return text.lower() if chance.random() < 0.2 else prefix + body[:at] + body[at:].lower()
        case 1:
            return prefix + body[:at] + chance.choice((b" ", b"\r\n", b"\t", b"\0", b"  ", b"   ")) + body[at:]
        case 2:
            blanks = [chance.choice((b"", b" ", b"\r\n", b"\t ", b"\0", b"\x0b")) for _ in range(2)]
            return blanks[0] + text + blanks[1]
        case 3:
            return prefix + body[:at] + bytes((chance.choice(OUTSIDE),)) + body[at + 1 :]
        case 4:
            return text[: -chance.randrange(1, 8)]
        case 5:
            return text + bytes(chance.choices(INSIDE, k=chance.randrange(1, 8)))
        case 6:
            triple = at // 3 * 3
            return prefix + body[:triple] + chance.choice((b":::", b"GGW", b"FGW", b"::", b"U5")) + body[triple + 3 :]
        case 7:
            strange = (
                prefix.lower(),
                prefix[:-1],
                prefix[1:],
                b"X" + prefix,
                b"LK2:",
                b"HC1:",
                b"\xef\xbb\xbf" + prefix,
            )
            return chance.choice(strange) + body
        case 8:
            return prefix * chance.randrange(2, 4) + body
        case 9:
            return text + chance.choice((b"", b"\r", b"\r\n")) + text[: chance.choice((None, 60, 100, 180))]
        case 10:
            return text + bytes(chance.choices(INSIDE, k=chance.choice((80, 120, 200, 900))))
        case _:
            return prefix + bytes(chance.choices(INSIDE, k=chance.randrange(0, 300)))


# --- trees ----------------------------------------------------------------------------------------

NUMBERS = (0, 1, 2, 3, 4, 5, 16, 17, 23, 24, 25, 63, 64, 255, 256, 2**32 - 1, 2**32, 2**53, 2**63 - 1, 2**63, 2**64 - 1)


def stranger(chance: Random) -> Any:
    """A value that is out of place nearly everywhere."""
    number = chance.choice(NUMBERS) + chance.choice((-1, 0, 0, 1))
    blob = chance.randbytes(chance.choice((0, 1, 4, 7, 8, 9, 15, 16, 17, 32, 33)))
    return chance.choice(
        (
            *(number, -1 - abs(number), True, False, None, 0.0, 1.0, -8.0, float("nan"), float("inf"), float(number)),
            *(
                blob,
                blob,
                blob.hex(),
                "",
                "x",
                "红管家",
                "x" * 33,
                "a\nb",
                "\ud800",
                "staff",
                [],
                [0],
                [[]],
                {},
                {0: 0},
            ),
            *(Tagged(1, number), Tagged(2, blob), Tagged(3, b"\1"), Tagged(24, write(number)), Tagged(35, ".*")),
            *(Tagged(55799, number), Tagged(28, []), Tagged(29, 0), Tagged(18, [b"", {}, b"", bytes(64)])),
            *(Raw(b"\xf7"), Raw(b"\xf8\x20"), Raw(b"\xf9\x3c\x00"), Raw(b"\xff"), Raw(b"\x1c"), Raw(b"")),
            *(
                Raw(b"\x81" * chance.choice((3, 20, 900)) + b"\0"),
                Raw(b"\x9b" + b"\xff" * 8),
                Raw(b"\x5b" + b"\x7f" * 8),
            ),
        )
    )


def beside(value: Any, chance: Random) -> Any:
    """A value near this one: one more, one less, another type, reversed, cut, longer, tagged."""
    match value:
        case bool():
            return not value
        case int():
            near = (value - 1, value + 1, -value, value ^ 1 << chance.randrange(64), value + chance.choice(NUMBERS))
            return chance.choice((*near, float(value) if value < 2**1000 else 0, str(value), bool(value), [value]))
        case bytes():
            return chance.choice(
                (value[:-1], value + b"\0", value[::-1], value.hex(), b"", some_bytes(value + b"\0", chance))
            )
        case str():
            return chance.choice(
                (
                    value[:-1],
                    value + " ",
                    value.upper(),
                    value.encode(errors="surrogatepass"),
                    "",
                    value + "\0",
                    value * 9,
                )
            )
    return stranger(chance)


def some_tree(node: Any, chance: Random) -> Any:
    """The tree with one node, at any depth, dropped, doubled, moved, exchanged, retyped or replaced."""
    if isinstance(node, list) and node and chance.random() < 0.85:
        at, copy = chance.randrange(len(node)), list(node)
        match chance.randrange(9):
            case 0:
                del copy[at]
            case 1:
                copy.insert(at, chance.choice(node))
            case 2:
                chance.shuffle(copy)
            case 3:
                copy[at] = stranger(chance)
            case 4:
                copy.append(stranger(chance))
            case _:
                copy[at] = some_tree(copy[at], chance)
        return copy
    if isinstance(node, dict) and node and chance.random() < 0.9:
        return _some_map(node, chance)
    return beside(node, chance) if chance.random() < 0.6 else stranger(chance)


def _some_map(node: dict[Any, Any], chance: Random) -> Any:
    key, copy = chance.choice(list(node)), dict(node)
    match chance.randrange(10):
        case 0:
            del copy[key]
        case 1:
            return Pairs((*node.items(), (key, chance.choice(list(node.values())))))
        case 2:
            other = chance.choice(list(node))
            copy[key], copy[other] = copy[other], copy[key]
        case 3:
            return Pairs(tuple((beside(k, chance) if k == key else k, value) for k, value in node.items()))
        case 4:
            return Pairs((*node.items(), (stranger(chance), stranger(chance))))
        case 5:
            copy[chance.choice((1, 2, 5, 8, 9, 10, 38, 256, -65536, -65540, "aud"))] = stranger(chance)
        case _:
            copy[key] = some_tree(node[key], chance)
    return copy


def other_form(node: Any, chance: Random) -> Any:
    """The same content in another encoding at one node: a wider head, no definite length, another order of keys."""
    if isinstance(node, list) and node and chance.random() < 0.7:
        at = chance.randrange(len(node))
        return [other_form(each, chance) if n == at else each for n, each in enumerate(node)]
    if isinstance(node, dict) and node and chance.random() < 0.85:
        items = list(node.items())
        at = chance.randrange(len(items))
        match chance.randrange(4):
            case 0:
                chance.shuffle(items)
            case 1:
                items[at] = (other_form(items[at][0], chance), items[at][1])
            case _:
                items[at] = (items[at][0], other_form(items[at][1], chance))
        return Pairs(tuple(items))
    if isinstance(node, int) and chance.random() < 0.3:
        number = node if node >= 0 else -1 - node
        return Tagged(2 if node >= 0 else 3, number.to_bytes(9, "big").lstrip(b"\0"))
    if isinstance(node, int) or chance.random() < 0.6:
        return Wide(node, chance.choice((1, 2, 4, 8)))
    return Endless(node) if chance.random() < 0.7 else Tagged(55799, node)
