"""The envelope's label: every label comes back as it was, and nothing else is one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locker.labels import CHARS_MAX, PREFIX, Label, LabelError, decode, encode, is_label, mark
from locker.model import Refusal, Size

LABELS = st.builds(Label, st.binary(min_size=1, max_size=16), st.sampled_from([None, *Size]), st.booleans())
ALPHANUMERIC = set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


def refusal(text: bytes, cabinet: str = "gate-1") -> Refusal:
    """Why this is no label for a cabinet."""
    with pytest.raises(LabelError) as caught:
        decode(text, cabinet)
    return caught.value.reason


@given(label=LABELS, cabinet=st.sampled_from(["", "gate-1"]))
def test_a_label_comes_back_as_it_was(label: Label, cabinet: str) -> None:
    """Order, size and low door survive; the text is short and of the densest kind a QR code has."""
    text = encode(label, cabinet)
    assert decode(text.encode(), "gate-1") == label
    assert len(text) <= 43 < CHARS_MAX and set(text) <= ALPHANUMERIC


def test_the_text_is_the_documented_one() -> None:
    """Another printer, written from the documentation, makes the same text (docs/staff.md)."""
    label = Label(b"20250612-0042", Size.S)
    assert encode(label) == "XYL1:V50000510846QW6D%6KF6646.Q6C+6V88"
    assert mark(label.order) == "3432"


@given(label=LABELS, at=st.integers(0, 60), letter=st.sampled_from(sorted(ALPHANUMERIC)))
def test_one_wrong_character_is_found(label: Label, at: int, letter: str) -> None:
    """A misprint never becomes another order."""
    text = encode(label)
    at = len(PREFIX) + at % (len(text) - len(PREFIX))
    wrong = text[:at] + letter + text[at + 1 :]
    if wrong != text:
        assert refusal(wrong.encode()) is Refusal.LABEL_DAMAGED


@given(data=st.binary(max_size=80))
def test_any_bytes_are_a_label_or_refused(data: bytes) -> None:
    """Nothing crashes, and nothing that does not begin like one is one."""
    for text in (data, PREFIX.encode() + data):
        assert refusal(text) is (Refusal.LABEL_DAMAGED if is_label(text) else Refusal.LABEL_UNKNOWN)


def test_what_is_no_label_of_this_cabinet_says_why() -> None:
    """Another cabinet's envelope, a token, a label of a newer kind, one cut short: each its own reason."""
    assert refusal(encode(Label(b"A1"), "gate-2").encode()) is Refusal.LABEL_ELSEWHERE
    assert refusal(b"LK1:ABC") is Refusal.LABEL_UNKNOWN
    assert refusal(encode(Label(b"A1")).encode()[:-3]) is Refusal.LABEL_DAMAGED
    assert refusal(b"XYL1:") is Refusal.LABEL_DAMAGED
    with pytest.raises(ValueError, match="1 to 16"):
        encode(Label(b""))
