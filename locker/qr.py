"""QR codes as modules: the one place where the library that arranges them is met.

Knows bytes and what a code may hold; never what the text is for, nor how a module is drawn.
"""

from __future__ import annotations

from functools import lru_cache

from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode
from qrcode.util import MODE_8BIT_BYTE, MODE_ALPHA_NUM, QRData

from locker.authority.base45 import ALPHABET

Rows = tuple[tuple[bool, ...], ...]
"""Rows of modules, True for dark."""


def arrange(data: bytes, border: int = 0) -> tuple[int, Rows]:
    """Return version and rows of the code of ``data`` at error correction M, ``border`` light modules around it.

    All in alphanumeric mode where that can be, else in byte mode. Raises ``ValueError`` for what no code can hold.
    """
    mode = MODE_8BIT_BYTE if data.translate(None, ALPHABET) else MODE_ALPHA_NUM
    code = QRCode(error_correction=ERROR_CORRECT_M, border=border)
    code.add_data(QRData(data, mode=mode), optimize=0)
    code.make(fit=True)
    return int(code.version), tuple(tuple(bool(module) for module in row) for row in code.get_matrix())


@lru_cache(maxsize=4)
def digits(text: str) -> list[str]:
    """Return the rows of a text's code as "0" and "1", without a border; none for an empty text."""
    if not text:
        return []
    return ["".join("1" if dark else "0" for dark in row) for row in arrange(text.encode())[1]]
