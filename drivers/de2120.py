"""A DE2120 scanner (SparkFun's breakout of the DYScan module): commands as text, one byte as the answer.

Hardware: DYScan DE2120; leaves the factory as a USB keyboard: the printed code PORVIC (USB virtual COM) or POR232
(UART) is shown to it once, by hand, before it can be talked to.
Wire: 115200 8N1 from the factory. ``^_^NAME.`` out, 06 (done) or 15 (refused) in; readings are text that ends in CR.
Source: hardware facts, 5.2; names and values of the settings from SparkFun's public driver.
Quirks: a setting cannot be read back, only its answer is known. 06 and 15 are answers here, never part of a code.
DSPYFW answers with text that cannot be told from a code, so it is not asked. No command shuts its set-up codes, and
these are the very texts of the commands: whoever shows it ``^_^SCMMAN.`` has reconfigured it. So the settings are made
again every ``check_s``, but not more often than every six hours while nothing is noticed (its memory's endurance is in
no source), and at once when such a text arrives as a reading. PORKBD takes it off the wire: then it does not answer any
more, which is told as "not configured".
"""

from __future__ import annotations

import re

from drivers.scanner_wire import Answer, Outcome, Piece, Script, TextWire

ACK, NACK = b"\x06", b"\x15"
SETTINGS = (
    ("SCMCNT", "continuous reading"),
    ("CNTALW3", "one second between readings"),
    ("CIDENA0", "no code id in front"),
    ("LAMENA1", "light while reading"),
    ("AIMENA1", "aim while reading"),
)
_CHECK_MS_MIN = 6 * 3_600_000
_ANSWERS = re.compile(rb"([\x06\x15])")


def command(name: str) -> bytes:
    """The bytes of a command, as SCAN, SCMCNT or 232BAD5. Raises ``ValueError`` when that is none."""
    if not re.fullmatch(r"[A-Z0-9]{4,12}", name):
        raise ValueError(f"{name!r} is no command of a DE2120; 4 to 12 of A-Z and 0-9")
    return b"^_^" + name.encode("ascii") + b"."


class De2120Wire(TextWire):
    """How a DE2120 speaks."""

    rates: tuple[int, ...] = (115_200, 9600, 57_600, 38_400, 19_200)
    question = command("CIDENA0")
    check_ms_min = _CHECK_MS_MIN

    def feed(self, data: bytes, due: bool, ms: int) -> list[Piece]:
        """06 and 15 are answers, all else is text."""
        return [Answer(part) if part in (ACK, NACK) else part for part in _ANSWERS.split(data) if part]

    def setup(self, usb: bool) -> Script:
        """Make each setting; a refusal is told and the rest is made all the same."""
        return _configure()

    def looks_like_setup(self, data: bytes) -> bool:
        """Its set-up codes are the texts of its commands."""
        return re.fullmatch(rb"\^_\^[A-Z0-9]{2,}.*", data) is not None


def _configure() -> Script:
    troubles: list[tuple[str, str]] = []
    for name, what in SETTINGS:
        answer = yield command(name)
        if answer is None:
            return Outcome(False, tuple(troubles))
        if answer == NACK:
            troubles.append(("setting refused", f"{what} ({name})"))
    return Outcome(True, tuple(troubles))
