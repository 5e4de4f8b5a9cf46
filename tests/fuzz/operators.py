"""The kinds of mutants of signed documents: each an operator from a genuine document to something that is not one.

Two sorts. A *forger* has genuine documents and any key but the right one: none of what is made may be believed, unless
it is, to the last byte, genuine. A *careless issuer* has the right key and signs what breaks the rules, or spells it
otherwise: it is believed exactly when the contract says so (some changes leave a lawful document, these are counted
apart).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from broken_rules import BROKEN
from edits import other_form, some_bytes, some_text, some_tree, splice, stranger
from plain_cbor import Endless, Raw, Tagged, Wide, write
from specimens import GROUP_ORDER, KEYS, SEALED, STRANGER, Kind, Specimen, kid_of, signed

from locker.authority.ed25519 import PrivateKey

Make = Callable[[Kind, Specimen, Random], bytes]


@dataclass(frozen=True)
class Operator:
    """One way to make a mutant: its name in the table, whether the right key takes part, and how often it is drawn."""

    name: str
    forger: bool
    share: int
    make: Make
    for_text_only: bool = False


def _message_bytes(kind: Kind, one: Specimen, chance: Random) -> bytes:
    return kind.text_of(some_bytes(one.message, chance))


def _text_bytes(kind: Kind, one: Specimen, chance: Random) -> bytes:
    return some_bytes(one.text, chance, likely=b"0AZ:+ az\r\n\0\xff")


def _text_form(kind: Kind, one: Specimen, chance: Random) -> bytes:
    return some_text(one.text, kind.prefix or b"", chance)


def _spliced(kind: Kind, one: Specimen, chance: Random) -> bytes:
    other = chance.choice(chance.choice(SEALED).specimens if chance.random() < 0.3 else kind.specimens)
    if chance.random() < 0.6:
        return kind.text_of(splice(one.message, other.message, chance))
    parts = [[one, other][chance.randrange(2)] for _ in range(3)]
    return kind.text_of(write(Tagged(18, [write(parts[0].header), {}, write(parts[1].content), parts[2].signature])))


def _envelope(kind: Kind, one: Specimen, chance: Random) -> bytes:
    """The four parts and the tag, with the old signature."""
    parts: Any = [write(one.header), {}, write(one.content), one.signature]
    match chance.randrange(8):
        case 0:
            parts[1] = chance.choice(
                ({4: b"kid1"}, {1: -8}, {33: b""}, None, [], b"", b"\xa0", Tagged(1, {}), Endless({}))
            )
        case 1:
            parts[3] = chance.choice((b"", parts[3][:63], parts[3] + b"\0", parts[3].hex(), None, [parts[3]]))
        case 2:
            parts[2] = chance.choice((None, one.content, Tagged(24, parts[2]), Endless(parts[2])))
        case 3:
            parts = other_form(parts, chance)
        case 4:
            return kind.text_of(write(Tagged(chance.choice((0, 16, 17, 24, 61, 96, 97, 98, 55799)), parts)))
        case 5:
            tagged = write(Tagged(18, parts))
            outer = (tagged[1:], b"\xd8\x12" + tagged[1:], b"\xd9\xd9\xf7" + tagged, write(Tagged(18, Raw(tagged))))
            more = (tagged + b"\0", tagged + tagged, tagged + b"\xf6", b"\xd8\x3d" + tagged, write(tagged))
            return kind.text_of(chance.choice((*outer, *more)))
        case _:
            parts = some_tree(parts, chance)
    return kind.text_of(write(Tagged(18, parts)))


def _header(one: Specimen, chance: Random) -> Any:
    """A header with alg or kid changed, more labels, or another form."""
    alg, kid = one.header[1], one.header[4]
    match chance.randrange(6):
        case 0:
            return {1: chance.choice((-8, -19, -7, -35, -37, 0, 5, "EdDSA", None, -8.0, Wide(-8, 2))), 4: kid}
        case 1:
            ids = (kid[:3], kid + b"\0", kid[::-1], b"", kid.hex(), None, *(kid_of(key) for key in KEYS.values()))
            return {1: alg, 4: chance.choice(ids)}
        case 2:
            label = chance.choice((2, 3, 5, 6, 7, 15, 33, -1, "alg"))
            return {1: alg, 4: kid, label: chance.choice(([4], [2], b"", 0, "x", None))}
        case 3:
            return write(other_form(one.header, chance))
        case 4:
            return some_bytes(write(one.header), chance)
        case _:
            return write(some_tree(one.header, chance))


def _signed_header(kind: Kind, one: Specimen, chance: Random) -> bytes:
    return kind.text_of(signed(_header(one, chance), one.content, one.key))


def _forged_header(kind: Kind, one: Specimen, chance: Random) -> bytes:
    header = _header(one, chance)
    protected = header if isinstance(header, bytes) else write(header)
    return kind.text_of(write(Tagged(18, [protected, {}, write(one.content), one.signature])))


def _forged(kind: Kind, one: Specimen, chance: Random) -> bytes:
    """Lawful or other content with a signature that is not the key's over it."""
    header, content, signature = one.header, one.content, one.signature
    key: PrivateKey = chance.choice([key for key in KEYS.values() if key is not one.key])
    if chance.random() < 0.7:
        content = some_tree(content, chance)
    protected, payload = write(header), write(content)
    match chance.randrange(6):
        case 0:
            signature = key.sign(write(["Signature1", protected, b"", payload]))
        case 1:
            protected = write({1: header[1], 4: kid_of(STRANGER)})
            signature = STRANGER.sign(write(["Signature1", protected, b"", payload]))
        case 2:
            context = chance.choice(("Signature", "CounterSignature", "Signature1"))
            signature = one.key.sign(write([context, protected, b"x", payload]))
        case 3:
            signature = one.key.sign(payload)
        case 4:
            s = int.from_bytes(signature[32:], "little") + GROUP_ORDER * chance.randrange(1, 3)
            signature = signature[:32] + (s % 2**256).to_bytes(32, "little")
            payload = write(one.content)
        case _:
            signature = chance.choice((bytes(64), b"\1" + bytes(63), chance.randbytes(64), one.key.public + bytes(32)))
    return kind.text_of(write(Tagged(18, [protected, {}, payload, signature])))


def _confused(kind: Kind, one: Specimen, chance: Random) -> bytes:
    """A document of another kind shown as one of this kind, as it is or with a stroke of the pen."""
    other = chance.choice([each for each in SEALED if each is not kind])
    it = chance.choice(other.specimens)
    match chance.randrange(5):
        case 0:
            return it.text
        case 1:
            return kind.text_of(it.message)
        case 2:
            return some_bytes(kind.text_of(it.message), chance)
        case 3:
            return kind.text_of(write(Tagged(18, [write(one.header), {}, write(it.content), it.signature])))
        case _:
            return kind.text_of(
                write(Tagged(18, [write(it.header), {}, write(some_tree(one.content, chance)), it.signature]))
            )


def _signed_confusion(kind: Kind, one: Specimen, chance: Random) -> bytes:
    """Content of another kind, or of both, signed by a key of this kind."""
    it = chance.choice(chance.choice([each for each in SEALED if each is not kind]).specimens)
    content = it.content if chance.random() < 0.4 else {**one.content, **it.content}
    if chance.random() < 0.5:
        content = some_tree(content, chance)
    return kind.text_of(signed(one.header, content, one.key))


def _signed_rule(kind: Kind, one: Specimen, chance: Random) -> bytes:
    _, content, key = chance.choice(BROKEN[kind.name])
    if chance.random() < 0.6:
        content = _fresh(content, chance)
    return kind.text_of(signed({1: -8, 4: kid_of(key)}, content, key))


def _fresh(content: dict[int, Any], chance: Random) -> dict[int, Any]:
    """The same fault in a document with other claims beside it: another id, another issue time, a claim more."""
    fresh = dict(content)
    if 7 in fresh and fresh[7][0] != 0xEE:
        fresh[7] = chance.randbytes(len(fresh[7]))
    if 4 in fresh and chance.random() < 0.5:
        shift = chance.randrange(-600, 600)
        fresh[4], fresh[6] = fresh[4] + shift, fresh[6] + shift
    elif 4 not in fresh:
        fresh[6] = fresh[6] - chance.randrange(100_000)
    return some_tree(fresh, chance) if chance.random() < 0.2 else fresh


def _signed_tree(kind: Kind, one: Specimen, chance: Random) -> bytes:
    content = some_tree(one.content, chance)
    for _ in range(chance.choice((0, 0, 1))):
        content = some_tree(content, chance)
    return kind.text_of(signed(one.header, content, one.key))


def _signed_form(kind: Kind, one: Specimen, chance: Random) -> bytes:
    return kind.text_of(signed(one.header, write(other_form(one.content, chance)), one.key))


def _signed_bytes(kind: Kind, one: Specimen, chance: Random) -> bytes:
    return kind.text_of(signed(one.header, some_bytes(write(one.content), chance), one.key))


def _signed_value(kind: Kind, one: Specimen, chance: Random) -> bytes:
    """Each claim in turn replaced by a value out of place."""
    content = dict(one.content)
    content[chance.choice(list(content))] = stranger(chance)
    return kind.text_of(signed(one.header, content, one.key))


OPERATORS = (
    Operator("text: bytes", True, 12, _text_bytes, for_text_only=True),
    Operator("text: Base45, blanks, prefix", True, 12, _text_form, for_text_only=True),
    Operator("message: bytes", True, 14, _message_bytes),
    Operator("message: spliced from two", True, 8, _spliced),
    Operator("message: envelope", True, 10, _envelope),
    Operator("header, old signature", True, 5, _forged_header),
    Operator("header, signed", False, 6, _signed_header),
    Operator("content, forged signature", True, 8, _forged),
    Operator("content: a broken rule, signed", False, 8, _signed_rule),
    Operator("content: a value, signed", False, 5, _signed_value),
    Operator("content: tree, signed", False, 12, _signed_tree),
    Operator("content: encoding, signed", False, 6, _signed_form),
    Operator("content: bytes, signed", False, 8, _signed_bytes),
    Operator("another kind of document", True, 4, _confused),
    Operator("another kind's content, signed", False, 4, _signed_confusion),
)
