"""QR codes as rows of "0" and "1", for the phone on the demo's page.

Knows one library. Must never know what a code means.
"""

from __future__ import annotations

from functools import lru_cache

from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode


@lru_cache(maxsize=8)
def rows(text: str) -> list[str]:
    """Return the modules of a text's code, "1" for dark, without a quiet zone."""
    code = QRCode(error_correction=ERROR_CORRECT_M, border=0)
    code.add_data(text)
    code.make(fit=True)
    return ["".join("1" if dark else "0" for dark in row) for row in code.get_matrix()]
