"""The envelope is COSE's, and only one byte string says each thing. The standards' examples: ``test_rfc8392.py``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locker.authority import cose

HEADER = bytes.fromhex("a2012704") + b"\x44kidd"
PAYLOAD = bytes.fromhex("a10102")
SIGNATURE = bytes(range(64))
WHOLE = b"\xd2\x84" + b"\x49" + HEADER + b"\xa0" + b"\x43" + PAYLOAD + b"\x58\x40" + SIGNATURE


def test_a_message_is_taken_apart_and_put_together() -> None:
    """The bytes of this test were written by hand from RFC 9052; we read and write the same."""
    message = cose.decode(WHOLE)
    assert (message.protected, message.payload, message.signature) == (HEADER, PAYLOAD, SIGNATURE)
    assert cose.header(message) == (-8, b"kidd")
    assert cose.not_canonical(message) is None
    assert cose.encode_message(HEADER, PAYLOAD, SIGNATURE) == WHOLE


# What follows the tag in place of 84 48 <header> A0 43 <payload> 58 40 <signature>.
_HEAD, _BODY, _SIGN = b"\x49" + HEADER, b"\x43" + PAYLOAD, b"\x58\x40" + SIGNATURE
_FOUR = b"\x84" + _HEAD + b"\xa0" + _BODY + _SIGN
BAD_ENVELOPES = {
    "nothing": (b"", "tag 18"),
    "no tag": (_FOUR, "tag 18"),
    "tag 17": (b"\xd1" + _FOUR, "tag 18"),
    "tag 18 in two bytes": (b"\xd8\x12" + _FOUR, "tag 18"),
    "tag 61 around it": (b"\xd8\x3d\xd2" + _FOUR, "tag 18"),
    "tag 18 twice": (b"\xd2\xd2" + _FOUR, "a tag inside|tag 18"),
    "tag only": (b"\xd2", "CBOR"),
    "three": (b"\xd2\x83" + _HEAD + b"\xa0" + _BODY, "array of four"),
    "five": (b"\xd2\x85" + _FOUR[1:] + b"\x00", "array of four"),
    "a map": (b"\xd2\xa2" + _FOUR[1:], "array of four|CBOR"),
    "array without length": (b"\xd2\x9f" + _FOUR[1:] + b"\xff", "indefinite"),
    "header a text": (b"\xd2\x84" + b"\x60" + b"\xa0" + _BODY + _SIGN, "byte strings"),
    "header a map": (b"\xd2\x84" + HEADER + b"\xa0" + _BODY + _SIGN, "byte strings"),
    "payload nil": (b"\xd2\x84" + _HEAD + b"\xa0" + b"\xf6" + _SIGN, "byte strings"),
    "payload in pieces": (b"\xd2\x84" + _HEAD + b"\xa0" + b"\x5f\x43" + PAYLOAD + b"\xff" + _SIGN, "indefinite"),
    "unprotected nil": (b"\xd2\x84" + _HEAD + b"\xf6" + _BODY + _SIGN, "empty map"),
    "unprotected array": (b"\xd2\x84" + _HEAD + b"\x80" + _BODY + _SIGN, "empty map"),
    "unprotected not empty": (b"\xd2\x84" + _HEAD + b"\xa1\x01\x27" + _BODY + _SIGN, "empty map"),
    "unprotected a tag": (b"\xd2\x84" + _HEAD + b"\xd8\x64\xa0" + _BODY + _SIGN, "tag"),
    "unprotected self-described": (b"\xd2\x84" + _HEAD + b"\xd9\xd9\xf7\xa0" + _BODY + _SIGN, "tag"),
    "signature 63": (b"\xd2\x84" + _HEAD + b"\xa0" + _BODY + b"\x58\x3f" + SIGNATURE[:63], "63 bytes"),
    "signature 65": (b"\xd2\x84" + _HEAD + b"\xa0" + _BODY + b"\x58\x41" + SIGNATURE + b"\0", "65 bytes"),
    "signature a bignum": (b"\xd2\x84" + _HEAD + b"\xa0" + _BODY + b"\xc2" + _SIGN, "tag"),
    "one byte after": (WHOLE + b"\0", "1 bytes after"),
    "itself after": (WHOLE + WHOLE, "bytes after"),
    "cut short": (WHOLE[:-1], "CBOR"),
    "huge length": (b"\xd2\x84\x5b\x7f" + b"\xff" * 7, "CBOR"),
    "huge array": (b"\xd2\x9b\x7f" + b"\xff" * 7, "CBOR"),
    "deep": (b"\xd2" + b"\x81" * 300 + b"\x00", "depth"),
}


@pytest.mark.parametrize("name", BAD_ENVELOPES)
def test_anything_but_the_exact_envelope_is_refused(name: str) -> None:
    """Tag, arity, types, the empty unprotected header, the signature's length and the end of the bytes are exact."""
    raw, why = BAD_ENVELOPES[name]
    with pytest.raises(cose.CoseError, match=why):
        cose.decode(raw)


BAD_HEADERS = {
    "empty bytes": "",
    "empty map": "a0",
    "no kid": "a10127",
    "no alg": "a104446b696464",
    "crit too": "a3012702810404446b696464",
    "alg twice": "a30127012704446b696464",
    "alg true": "a201f504446b696464",
    "alg a float": "a201f9c80004446b696464",
    "alg a text": "a201654564445341" + "04446b696464",
    "alg a bignum": "a201c3410704446b696464",
    "key true": "a2f52704446b696464",
    "key 1.0": "a2f93c002704446b696464",
    "kid a text": "a2012704646b696464",
    "kid 3 bytes": "a2012704436b6964",
    "kid 5 bytes": "a2012704456b69646464",
    "an array": "8401270444",
    "trailing": "a2012704446b69646400",
    "no length": "bf012704446b696464ff",
}


@pytest.mark.parametrize("name", BAD_HEADERS)
def test_anything_but_alg_and_kid_is_refused(name: str) -> None:
    """The protected header is a map of exactly an integer under 1 and four bytes under 4."""
    message = cose.Sign1(b"", bytes.fromhex(BAD_HEADERS[name]), PAYLOAD, SIGNATURE)
    with pytest.raises(cose.CoseError):
        cose.header(message)


BAD_MAPS = {
    "tag 0": "a101c074323031332d30332d32315432303a30343a30305a",
    "tag 1": "a101c11a5612aeb0",
    "tag 2": "a101c2445612aeb0",
    "tag 3": "a101c34100",
    "tag 24": "a101d8184101",
    "tag 28": "a101d81c01",
    "tag 29": "a101d81d00",
    "tag 35": "a101d8236128",
    "tag 258": "a101d9010280",
    "tag 55799": "a101d9d9f701",
    "tag 4095": "a101d90fff00",
    "text key": "a1613101",
    "byte key": "a1413101",
    "false key": "a1f401",
    "nil key": "a1f601",
    "array key": "a1810101",
    "map key": "a1a001",
    "NaN key": "a1f97e0001",
    "duplicate": "a201020103",
    "duplicate in another length": "a20102180103",
    "duplicate by true": "a20102f503",
    "bad UTF-8": "a10161ff",
    "too deep": "a1018181818101",
    "reserved length": "a1011c",
    "break alone": "ff",
    "half a key": "a118",
}


@pytest.mark.parametrize("name", BAD_MAPS)
def test_maps_hold_no_tags_no_duplicates_and_only_integer_keys(name: str) -> None:
    """What cbor2 would turn into dates, patterns, sets or other integers is refused before it is made."""
    with pytest.raises(cose.CoseError):
        cose.decode_map(bytes.fromhex(BAD_MAPS[name]))


NOT_CANONICAL = {
    "envelope": [
        b"\xd2\x98\x04" + _FOUR[1:],
        b"\xd2\x84\x58\x09" + WHOLE[3:],
        WHOLE.replace(_SIGN, b"\x59\0\x40" + SIGNATURE),
    ],
    "protected header": [bytes.fromhex("a2180127") + HEADER[3:], b"\xa2" + HEADER[3:] + HEADER[1:3]],
    "payload": [bytes.fromhex("a1011802"), bytes.fromhex("a1190001" + "02"), bytes.fromhex("a202010101")],
}


@pytest.mark.parametrize(("level", "raw"), [(level, raw) for level, raws in NOT_CANONICAL.items() for raw in raws])
def test_each_level_must_be_in_its_deterministic_form(level: str, raw: bytes) -> None:
    """Longer integers or lengths than needed, and keys out of order, are told apart by level."""
    if level == "envelope":
        message = cose.decode(raw)
    else:
        protected, payload = (raw, PAYLOAD) if level == "protected header" else (HEADER, raw)
        message = cose.decode(cose.encode_message(protected, payload, SIGNATURE))
    assert cose.not_canonical(message) == level


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_and_nothing_else_happens(raw: bytes) -> None:
    """Whatever follows the tag, or stands for a map, the only exception is ours."""
    for attempt in (lambda: cose.decode(b"\xd2" + raw), lambda: cose.decode_map(raw)):
        try:
            attempt()
        except cose.CoseError as wrong:
            assert str(wrong).isprintable()


_SIMPLE = (
    st.integers(-(2**64), 2**64 - 1)
    | st.binary(max_size=20)
    | st.text(max_size=8)
    | st.booleans()
    | st.floats()
    | st.none()
)


@given(st.dictionaries(st.integers(-70000, 70000), _SIMPLE | st.lists(_SIMPLE, max_size=4), max_size=8))
def test_what_we_encode_we_read(fields: dict[int, object]) -> None:
    """Every map with integer keys goes through its encoding unchanged, and is canonical."""
    encoded = cose.encode(fields)
    assert cose.encode(cose.decode_map(encoded)) == encoded
