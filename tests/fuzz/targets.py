"""What is fuzzed with coverage as the guide, and what must hold of any bytes at all.

A target is a function of bytes that returns nothing and raises nothing while all is well. ``guided`` (atheris) and
``test_corpus`` (the kept corpus, without atheris) call the same ones. Behind a signature chance gets nowhere, so for
signed documents the first byte says how far the target helps: raw, Base45 written for it, or signed as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from random import Random

from board_targets import BOARD_SEEDS, BOARD_TARGETS
from campaign import BLANKS, objection
from command_mutants import agrees
from contract import ALPHABET, plain_base45
from panel_target import panel
from plain_cbor import NotLawful, read, write
from scanner_targets import SCANNER_SEEDS, SCANNER_TARGETS
from specimens import (
    DEVICE,
    KEY_SET,
    NEW,
    RECEIPT,
    RESIDENT,
    REVOCATION,
    ROOT,
    STAFF,
    TOKEN,
    Kind,
    edition,
    kid_of,
    signed,
)
from stream_targets import gm65_stream, kerong_stream, text_lines

from locker import messages
from locker.authority import base45, cose
from locker.authority.ed25519 import PrivateKey
from locker.messages import Ack, Malformed

BYTES_MAX = 4096
"""Longest input that a fuzzer tries."""

_TOKEN_KEYS = ((RESIDENT, -8), (STAFF, -8), (NEW, -19), (DEVICE, -8))


def token(data: bytes) -> None:
    """``Authority.verify``: accepts what the contract accepts, and only what our issuer would make again."""
    mode, rest = data[:1], data[1:]
    key, alg = _TOKEN_KEYS[mode[0] >> 2 & 3 if mode else 0]
    _document(TOKEN, _shown(TOKEN, mode, rest, key, alg), _is_signed(mode))


def receipt(data: bytes) -> None:
    """``receipt.verify``: the same for receipts."""
    mode, rest = data[:1], data[1:]
    _document(RECEIPT, _shown(RECEIPT, mode, rest, DEVICE, -8), _is_signed(mode))


def key_set(data: bytes) -> None:
    """``keyset.verify``, with and without an edition in force."""
    _of_the_root(KEY_SET, data)


def revocation(data: bytes) -> None:
    """``revocation.verify``, with and without an edition in force."""
    _of_the_root(REVOCATION, data)


def _of_the_root(kind: Kind, data: bytes) -> None:
    mode, rest = data[:1], data[1:]
    held = kind.held[(mode[0] >> 2) % len(kind.held) if mode else 0]
    _document(kind, _shown(kind, mode, rest, ROOT, -8), _is_signed(mode), held)


def _is_signed(mode: bytes) -> bool:
    return bool(mode) and mode[0] & 3 > 1


def _shown(kind: Kind, mode: bytes, rest: bytes, key: PrivateKey, alg: int) -> bytes:
    """What is shown to the cabinet: 0 as it is, 1 a message, 2 a payload to be signed, 3 header and payload."""
    match mode[0] & 3 if mode else 0:
        case 0:
            return rest
        case 1:
            return kind.text_of(rest)
        case 2:
            return kind.text_of(signed({1: alg, 4: kid_of(key)}, rest, key))
        case _:
            cut = 1 + (rest[0] if rest else 0)
            return kind.text_of(signed(rest[1:cut], rest[cut:], key))


def _document(kind: Kind, text: bytes, is_signed: bool, held: tuple[int, bytes] = (0, b"")) -> None:
    verdict = kind.verify(text, edition(held))
    known = (text.strip(BLANKS) if kind.prefix else text) in {each.text for each in kind.specimens}
    wrong = objection(kind, not is_signed and not known, text, verdict, kind.lawful(text, held))
    assert not wrong, wrong


class _PythonsJson(json.JSONDecoder):
    """``json`` without its C half: the coverage of this one leads the fuzzer through the grammar of JSON."""

    def __init__(self) -> None:
        super().__init__(parse_int=lambda digits: int(digits) if len(digits) < 4000 else -1)
        self.parse_string = json.decoder.py_scanstring  # type: ignore[attr-defined]
        self.scan_once = json.scanner.py_make_scanner(self)  # type: ignore[attr-defined]


_PYTHONS_JSON = _PythonsJson()


def _is_json(data: bytes) -> bool:
    """Whether Python's own reader, written in Python, takes these bytes."""
    try:
        _PYTHONS_JSON.decode(data.decode())
    except (ValueError, RecursionError):
        return False
    return True


def command(data: bytes) -> None:
    """``messages.decode_command``: understands what ``json`` reads, and what it understood encodes to itself."""
    agrees(data)
    assert _is_json(data) or isinstance(messages.decode_command(data), Malformed)


def ack(data: bytes) -> None:
    """``messages.decode_ack``: as for commands."""
    decoded, is_json = messages.decode_ack(data), _is_json(data)
    if isinstance(decoded, Malformed):
        assert decoded.detail and decoded.id == ""
        return
    assert is_json and type(decoded) is Ack and 0 <= decoded.seq < 2**53 and 1 <= len(decoded.epoch) <= 64
    said = json.loads(data.decode(), parse_int=lambda digits: int(digits) if len(digits) < 4000 else digits)
    assert (said["epoch"], said["seq"]) == (decoded.epoch, decoded.seq)
    assert messages.decode_ack(messages.encode(decoded)) == decoded


def base45_text(data: bytes, decode: Callable[[bytes], bytes] = base45.decode) -> None:
    """Base45: one text for each byte string, and agreement with the RFC as the tests read it."""
    text = base45.encode(data)
    assert decode(text.encode()) == data
    assert set(text) <= set(ALPHABET) and len(text) == len(data) // 2 * 3 + len(data) % 2 * 2
    try:
        found: bytes | None = decode(data)
    except base45.Base45Error:
        found = None
    assert found == plain_base45(data.decode("latin-1"))
    assert found is None or base45.encode(found).encode() == data


def cose_message(data: bytes) -> None:
    """``cose.decode`` and ``decode_map``: no error but ``CoseError``; canonical is what writes to itself."""
    _map(data)
    try:
        message = cose.decode(data)
    except cose.CoseError:
        return
    parts = (message.protected, message.payload, message.signature)
    _map(message.protected)
    _map(message.payload)
    same = cose.encode_message(*parts) == data
    assert same == (write_message(*parts) == data)
    try:
        level = cose.not_canonical(message, 5)
    except cose.CoseError:
        return
    assert (level == "envelope") == (not same)
    try:
        alg, kid = cose.header(message)
    except cose.CoseError:
        return
    assert type(alg) is int and len(kid) == 4


def write_message(protected: bytes, payload: bytes, signature: bytes) -> bytes:
    """The message, by the writer of the tests."""
    return b"\xd2" + write([protected, {}, payload, signature])


def _map(data: bytes) -> None:
    """``decode_map`` takes every lawful map of integer keys; what it takes is the same map to the tests' reader."""
    try:
        lawful = read(data)
    except NotLawful:
        lawful = None
    is_map = type(lawful) is dict and all(type(key) is int for key in lawful) and _depth(lawful) <= 5
    try:
        found = cose.decode_map(data, 5)
    except cose.CoseError:
        found = None
    assert not is_map or found == lawful, f"{data.hex()} is lawful"
    assert found is None or lawful is None or found == lawful


def _depth(value: object) -> int:
    """How many arrays and maps lie inside each other."""
    inside = [*value.values(), *value] if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inside is None else 1 + max(map(_depth, inside), default=0)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "token": token,
    "key-set": key_set,
    "revocation": revocation,
    "receipt": receipt,
    "command": command,
    "ack": ack,
    "base45": base45_text,
    "cose": cose_message,
    "kerong": kerong_stream,
    "gm65": gm65_stream,
    "lines": text_lines,
    "panel": panel,
    **SCANNER_TARGETS,
    **BOARD_TARGETS,
}


def seeds(name: str, chance: Random) -> list[bytes]:
    """Good inputs to begin with: genuine documents in each of a target's ways, printed frames, lines."""
    kinds = {"token": TOKEN, "key-set": KEY_SET, "revocation": REVOCATION, "receipt": RECEIPT}
    if name in kinds:
        return [seed for each in kinds[name].specimens for seed in _document_seeds(name, kinds[name], each)]
    if name == "cose":
        return [each.message for kind in kinds.values() for each in kind.specimens] + [b"\xa1\x01\x02"]
    found: dict[str, list[bytes]] = {
        **SCANNER_SEEDS,
        **BOARD_SEEDS,
        "command": [
            b'{"v":1,"id":"a-1","op":"service","exp":5,"args":{"door":3,"in_service":true,"reason":"\\u67dc"}}',
            b'{"v":1,"id":"b","op":"open","exp":1763812800,"grant":"LK1:00","later":[1,{"x":null}]}',
        ],
        "ack": [b'{"epoch":"6f1c9ae2d0a1b2c3","seq":41}'],
        "base45": [b"", b"BB8", b"%69 VD92EX0", b"UJCLQE7W581", b"::: ", chance.randbytes(64)],
        "kerong": [
            bytes.fromhex("00 02 00 00 80 10 02 03 99 02 00"),
            bytes.fromhex("85 ff 02 00 17 81 10 00 03 ad 02 02 00 00 82 00 02 03 c0 00 37 00"),
        ],
        "gm65": [bytes.fromhex("07 02 00 00 01 00 33 31") + b"LK1:ABC\r\n", b"\x00\x02\x00\x02\x00\x00\x09"],
        "lines": [b"\x05LK1:ABC\r\nx\n\r" + b"y" * 40, b"\xff" + b"z" * 1025 + b"\rnext\r"],
        "panel": [
            b'{"touch":"done","screen":7}\n{"screen":0,"touch":"reopen"}\n',
            b'{"typed":"123456","screen":3}\n{"touch":"x","screen":1,"door":1}\n',
            re.sub(rb" ", b"", b'{ "touch" : "a_b" , "screen" : 1.0 }') + b"\n",
        ],
    }
    return found[name]


def _document_seeds(name: str, kind: Kind, each: object) -> list[bytes]:
    """A genuine document as it is, as a message, as a payload to be signed, as header and payload."""
    from specimens import Specimen

    assert isinstance(each, Specimen)
    index = next((n for n, (key, _) in enumerate(_TOKEN_KEYS) if key is each.key), 0) if name == "token" else 0
    header, payload = write(each.header), write(each.content)
    bodies = (each.text, each.message, payload, bytes((len(header),)) + header + payload)
    return [bytes((mode | index << 2,)) + body for mode, body in enumerate(bodies)]
