"""Pick-up codes are RFC 4226's, no two held items share one, and a secret is never shown."""

from __future__ import annotations

import copy
import hmac
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locker.authority.hotp import COUNTER_MAX, HELD_MAX, SKIPS_MAX, HotpError, Secret, code, match, next_free, truncate

# RFC 4226, appendix D: the secret is 20 ASCII digits. HMAC pads a key with zeros to 64 bytes (RFC 2104, section 2), so
# the same 20 bytes with 12 zeros behind them are the same key, and the vectors run through the code as it is.
RFC_4226_SECRET = b"12345678901234567890"
RFC = Secret(RFC_4226_SECRET + bytes(12))

# Count, HMAC-SHA-1, truncated in hexadecimal and in decimal, HOTP of 6 digits (appendix D, both tables).
APPENDIX_D = [
    (0, "cc93cf18508d94934c64b65d8ba7667fb7cde4b0", 0x4C93CF18, 1284755224, "755224"),
    (1, "75a48a19d4cbe100644e8ac1397eea747a2d33ab", 0x41397EEA, 1094287082, "287082"),
    (2, "0bacb7fa082fef30782211938bc1c5e70416ff44", 0x082FEF30, 137359152, "359152"),
    (3, "66c28227d03a2d5529262ff016a1e6ef76557ece", 0x66EF7655, 1726969429, "969429"),
    (4, "a904c900a64b35909874b33e61c5938a8e15ed1c", 0x61C5938A, 1640338314, "338314"),
    (5, "a37e783d7b7233c083d4f62926c7a25f238d0316", 0x33C083D4, 868254676, "254676"),
    (6, "bc9cd28561042c83f219324d3c607256c03272ae", 0x7256C032, 1918287922, "287922"),
    (7, "a4fb960c0bc06e1eabb804e5b397cdc4b45596fa", 0x04E5B397, 82162583, "162583"),
    (8, "1b3c89f65e6c9e883012052823443f048b4332db", 0x2823443F, 673399871, "399871"),
    (9, "1637409809a679dc698207310c8c7fc07290d9e5", 0x2679DC69, 645520489, "520489"),
]

# RFC 6238, appendix B, its SHA-1 rows: the same function with a counter made of the time, 8 digits.
RFC_6238_SHA1 = [
    (0x1, "94287082"),
    (0x23523EC, "07081804"),
    (0x23523ED, "14050471"),
    (0x273EF07, "89005924"),
    (0x3F940AA, "69279037"),
    (0x27BC86AA, "65353130"),
]


@pytest.mark.parametrize(("counter", "digest", "hexadecimal", "decimal", "otp"), APPENDIX_D)
def test_every_value_of_appendix_d(counter: int, digest: str, hexadecimal: int, decimal: int, otp: str) -> None:
    """HMAC, truncated value and code are those of the standard; 7 and 8 digits are the same number cut elsewhere."""
    assert RFC.digest(counter).hex() == digest
    assert truncate(bytes.fromhex(digest)) == hexadecimal == decimal
    assert code(RFC, counter, 6) == otp
    assert code(RFC, counter, 7) == f"{decimal:010d}"[-7:]
    assert code(RFC, counter, 8) == f"{decimal:010d}"[-8:]


def test_padding_the_standards_secret_changes_nothing() -> None:
    """The 20 bytes of the standard and our 32 are one HMAC key, so the vectors above are the standard's."""
    for counter, digest, *_ in APPENDIX_D:
        assert hmac.digest(RFC_4226_SECRET, counter.to_bytes(8, "big"), "sha1").hex() == digest


@pytest.mark.parametrize(("counter", "otp"), RFC_6238_SHA1)
def test_the_same_function_in_rfc_6238(counter: int, otp: str) -> None:
    """Eight digits with a zero in front, and counters of four bytes."""
    assert code(RFC, counter, 8) == otp


def test_the_truncation_example_of_section_5_4() -> None:
    """The worked example of the standard, whose last byte points at offset 10."""
    assert truncate(bytes.fromhex("1f8698690e02ca16618550ef7f19da8e945b555a")) == 0x50EF7F19


def test_counters_and_digits_have_bounds() -> None:
    """0 to 2^64 - 1, 6 to 8; anything else is an error that names the bound."""
    assert len(code(RFC, COUNTER_MAX, 6)) == 6
    for counter in (-1, COUNTER_MAX + 1):
        with pytest.raises(HotpError, match="a counter is 0 to"):
            code(RFC, counter, 6)
    for digits in (0, 5, 9):
        with pytest.raises(HotpError, match="6 to 8 digits"):
            code(RFC, 0, digits)


@pytest.mark.parametrize("length", [0, 20, 31, 33, 64])
def test_a_secret_is_32_bytes(length: int) -> None:
    """No shorter, and no longer, lest the cloud pads or hashes it another way."""
    with pytest.raises(HotpError, match=f"32 bytes, not {length}"):
        Secret(bytes(length))


def test_a_secret_shows_nothing() -> None:
    """Neither repr, str, format, pickle, copy nor any attribute gives its bytes back."""
    raw = bytes(range(100, 132))
    secret = Secret(raw)
    shown = f"{secret!r} {secret} {secret!s} {[secret]}" + "".join(repr(getattr(secret, name)) for name in dir(secret))
    assert repr(raw)[2:10] not in shown
    assert raw.hex()[:8] not in shown
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not pickled"):
            attempt(secret)
    with pytest.raises(TypeError):
        vars(secret)


# --- collisions -----------------------------------------------------------------------------------


def colliding(digits: int) -> tuple[int, int]:
    """Return the first two counters of the standard's secret with one code; by the birthday paradox soon found."""
    seen: dict[str, int] = {}
    for counter in range(20_000):
        otp = code(RFC, counter, digits)
        if otp in seen:
            return seen[otp], counter
        seen[otp] = counter
    raise AssertionError("no two codes alike")


def test_a_code_that_a_held_item_has_is_skipped() -> None:
    """Two counters with one code: while the first is held, the second gives way to the next; afterwards it does not."""
    first, second = colliding(6)
    assert code(RFC, first, 6) == code(RFC, second, 6)
    assert next_free(RFC, second, 6, [first]) == second + 1
    assert next_free(RFC, second, 6, [first, second + 1]) == second + 2
    assert next_free(RFC, second, 6, []) == second
    assert next_free(RFC, second, 6, [first + 1]) == second


def test_a_counter_that_is_held_is_not_given_again() -> None:
    """A load number that is taken by itself collides with itself."""
    assert next_free(RFC, 7, 6, [7, 8]) == 9


@given(st.integers(0, 2**40), st.sets(st.integers(0, 2**40), max_size=HELD_MAX), st.integers(6, 8))
def test_the_next_free_counter_is_free_and_the_first(counter: int, taken: set[int], digits: int) -> None:
    """Its code is nobody's, and every counter that was skipped had somebody's code."""
    used = {code(RFC, other, digits) for other in taken}
    found = next_free(RFC, counter, digits, taken)
    assert code(RFC, found, digits) not in used
    assert all(code(RFC, skipped, digits) in used for skipped in range(counter, found))


class OneCode(Secret):
    """A secret under which every counter has the same code: what a broken HMAC would be."""

    def digest(self, counter: int) -> bytes:
        """Return zeros."""
        return bytes(20)


def test_skipping_has_an_end() -> None:
    """Where every code is taken, an error says so instead of a loop without end (invariant 9)."""
    with pytest.raises(HotpError, match=f"{SKIPS_MAX} counters from 5"):
        next_free(OneCode(bytes(32)), 5, 6, [1])


def test_more_items_than_compartments_are_refused() -> None:
    """24 items is what the odds were counted for; the same counter twice is one item."""
    match("000000", RFC, dict.fromkeys(range(HELD_MAX)), 6)
    next_free(RFC, 99, 6, [1, *range(HELD_MAX)])
    with pytest.raises(HotpError, match="25 items"):
        match("000000", RFC, dict.fromkeys(range(HELD_MAX + 1)), 6)
    with pytest.raises(HotpError, match="25 items"):
        next_free(RFC, 99, 6, range(HELD_MAX + 1))


# --- matching -------------------------------------------------------------------------------------

HELD = dict.fromkeys(range(10), "an item")


@pytest.mark.parametrize(("counter", "otp"), [(row[0], row[4]) for row in APPENDIX_D])
def test_a_held_items_code_is_found(counter: int, otp: str) -> None:
    """Each of the standard's ten, wherever it stands among the held ones."""
    assert match(otp, RFC, HELD, 6) == counter
    assert match(otp, RFC, {key: 0 for key in HELD if key != counter}, 6) is None
    assert match(otp, RFC, {}, 6) is None


@pytest.mark.parametrize(
    "entered",
    [
        "",
        "75522",
        "7552240",
        "0755224",
        " 755224",
        "755224 ",
        "７５５２２４",
        "٧٥٥٢٢٤",
        "7552²4",
        "\ud800",
        "x" * 10**6,
    ],
)
def test_what_is_not_the_code_matches_nothing(entered: str) -> None:
    """Too short, too long, blanks, digits of other scripts, half a character, a flood: wrong, and no error."""
    assert match(entered, RFC, HELD, 6) is None


def test_the_number_of_digits_is_part_of_the_code() -> None:
    """The last six of eight digits are not a code of eight, nor eight a code of six."""
    assert match("84755224", RFC, HELD, 8) == 0
    assert match("755224", RFC, HELD, 8) is None
    assert match("84755224", RFC, HELD, 6) is None


def test_two_items_with_one_code_are_neither_opened() -> None:
    """What ``next_free`` prevents opens nobody's compartment should it happen all the same (invariant 2)."""
    first, second = colliding(6)
    assert match(code(RFC, first, 6), RFC, {first: 0, second: 0}, 6) is None
    assert match(code(RFC, first, 6), RFC, {first: 0}, 6) == first


@given(
    st.sets(st.integers(0, 2**63), max_size=HELD_MAX), st.text(max_size=9) | st.from_regex("[0-9]{6}", fullmatch=True)
)
def test_a_match_is_always_the_items_own_code(held: set[int], entered: str) -> None:
    """Whatever is entered: the counter that is returned is held and has exactly this code."""
    found = match(entered, RFC, dict.fromkeys(held), 6)
    if found is not None:
        assert found in held
        assert code(RFC, found, 6) == entered


class Counting(Secret):
    """A secret that counts how often it is used."""

    used = 0

    def digest(self, counter: int) -> bytes:
        """Count, then do as always."""
        type(self).used += 1
        return super().digest(counter)


@pytest.mark.parametrize("entered", ["755224", "520489", "000000", "", "1"])
def test_every_held_item_is_compared_whatever_matches(entered: str) -> None:
    """The first, the last, none, nothing: the same work is done, so the time tells nobody where a guess was near."""
    secret = Counting(RFC_4226_SECRET + bytes(12))
    Counting.used = 0
    match(entered, secret, HELD, 6)
    assert Counting.used == len(HELD)
