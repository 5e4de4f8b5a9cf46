"""The scanner: which kind, on which port, at which rate; and a code made for this moment, read and compared.

What answers is found by its answer. A scanner that answers nothing is listened to at the rate that is typed. Only the
very text that was shown counts as read. Knows kinds and words; must never know how a scanner speaks.
"""

from __future__ import annotations

from locker.commission.asking import Dialogue, Way, ask
from locker.commission.draft import Draft
from locker.commission.steps import Ask, AwaitScan, FindScanner, ScannerSeen, ShowCode, Tell

KINDS = ("gm65", "ssi", "de2120", "newland", "honeywell", "line", "keyboard", "skip")
_MUTE = ("honeywell", "line")
_TRIES_MAX = 5


def test_scanner(draft: Draft, ports: tuple[str, ...], keyboards: tuple[str, ...], word: str) -> Dialogue[Way | None]:
    """Find it and have it read ``word``; or leave it as it is configured, and say so."""
    for _ in range(_TRIES_MAX):
        kind = yield from ask(Ask("which_scanner", "choice", choices=KINDS, default=draft.config.scanner.kind))
        if kind is Way.BACK:
            return Way.BACK
        if isinstance(kind, Way) or kind == "skip":
            yield Tell("scanner_left")
            return None
        seen = yield from _found(draft, kind, keyboards if kind == "keyboard" else _free(draft, ports))
        if isinstance(seen, ScannerSeen) and (yield from _reads(seen, word)):
            draft.scanner = seen.scanner
            return None
    yield Tell("scanner_left")
    return None


def _free(draft: Draft, ports: tuple[str, ...]) -> tuple[str, ...]:
    """No port of a lock board is a scanner's."""
    taken = {board.port for board in draft.wires}
    return tuple(port for port in ports if port not in taken)


def _found(draft: Draft, kind: str, ports: tuple[str, ...]) -> Dialogue[ScannerSeen | None]:
    old = draft.config.scanner.port
    default = old if old in ports else ports[0] if ports else ""
    expects = "choice" if ports else "text"
    port = yield from ask(Ask("scanner_port", expects, choices=(*ports, "other") if ports else (), default=default))  # type: ignore[arg-type]
    if port == "other":
        port = yield from ask(Ask("type_port", "text"))
    if isinstance(port, Way):
        return None
    baud = 0
    if kind in _MUTE:
        rate = yield from ask(
            Ask("scanner_rate", "choice", choices=("9600", "115200", "57600", "38400", "19200"), default="9600")
        )
        if isinstance(rate, Way):
            return None
        baud = int(rate)
    yield Tell("scanner_searching", {"kind": kind, "port": port})
    seen: ScannerSeen | None = yield FindScanner(kind, port, baud)
    if seen is None:
        yield Tell("scanner_not_found", {"kind": kind, "port": port})
        return None
    rates = "-" if kind == "keyboard" else seen.scanner.baud
    yield Tell("scanner_found" if seen.answered else "scanner_assumed", {"kind": kind, "port": port, "baud": rates})
    for trouble in seen.troubles:
        yield Tell("trouble", {"what": trouble})
    return seen


def _reads(seen: ScannerSeen, word: str) -> Dialogue[bool]:
    """Show the code until it is read as it was written."""
    for _ in range(_TRIES_MAX):
        yield ShowCode(word)
        yield Tell("hold_code", {"word": word})
        text: str | None = yield AwaitScan(seen.scanner)
        if text == word:
            yield Tell("code_read", {"word": word})
            return True
        yield Tell("code_not_read" if text is None else "code_other", {"text": (text or "")[:60]})
        again = yield from ask(Ask("scan_again", "choice", choices=("again", "other-scanner"), default="again"))
        if again != "again":
            return False
    return False
