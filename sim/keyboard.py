"""The far side of a USB scanner in keyboard mode: keys as the Linux kernel hands them out.

Written from the kernel's input documentation (``struct input_event`` on 64 bit, key codes, SYN_DROPPED) and hardware
facts, 5.5; knows nothing of the driver. Each character is a key pressed and let go, with its scan code and a report, as
the kernel gives them; ``layout`` may be German, to show what a wrong one does.
"""

from __future__ import annotations

import struct

from sim.window import Outbox, Window, earliest

_EVENT = struct.Struct("@llHHi")
_SYN, _KEY, _MSC = 0, 1, 4
_LEFT_SHIFT, _ENTER, _LEFT_ALT = 42, 28, 56
_US = dict(zip("qwertyuiop", range(16, 26), strict=True))
_US |= zip("asdfghjkl", range(30, 39), strict=True)
_US |= zip("zxcvbnm", range(44, 51), strict=True)
_US |= zip("1234567890", range(2, 12), strict=True)
_US |= {"-": 12, "=": 13, "[": 26, "]": 27, ";": 39, "'": 40, "`": 41, "\\": 43, ",": 51, ".": 52, "/": 53}
_US |= {" ": 57, "\t": 15}
_SHIFTED = dict(zip('!@#$%^&*()_+{}:"~|<>?', "1234567890-=[];'`\\,./", strict=True))
_GERMAN = {"z": 21, "y": 44, "ä": 40}


def event(kind: int, code: int, value: int, ms: int = 0) -> bytes:
    """One ``struct input_event``."""
    return _EVENT.pack(ms // 1000, ms % 1000 * 1000, kind, code, value)


def stroke(code: int, value: int, ms: int = 0) -> bytes:
    """A key pressed (1), let go (0) or repeating (2), with its scan code and the report behind it."""
    return event(_MSC, 4, code, ms) + event(_KEY, code, value, ms) + event(_SYN, 0, 0, ms)


def dropped(ms: int = 0) -> bytes:
    """The kernel's buffer has run over."""
    return event(_SYN, 3, 0, ms)


def typed(text: str, ms: int = 0, layout: str = "us") -> list[bytes]:
    """The strokes of a text: one piece for each press and each release."""
    strokes = []
    for character in text:
        plain = _SHIFTED.get(character, character.lower())
        code = _GERMAN.get(plain, _US.get(plain, 0)) if layout == "german" else _US[plain]
        shift = character in _SHIFTED or character.isupper()
        strokes += [stroke(_LEFT_SHIFT, 1, ms)] * shift + [stroke(code, 1, ms), stroke(code, 0, ms)]
        strokes += [stroke(_LEFT_SHIFT, 0, ms)] * shift
    return strokes


class UsbKeyboard:
    """One scanner, as the descriptor of its input device gives it out. Sans-IO; nothing can be said to it."""

    def __init__(self, *, enter: bool = True, key_ms: int = 2, layout: str = "us") -> None:
        """``enter``: whether it presses Enter after a code. ``key_ms``: from stroke to stroke."""
        self.enter, self.key_ms, self.layout = enter, key_ms, layout
        self._window, self._outbox = Window(), Outbox()

    def show(self, text: str, now_ms: int, held_ms: int = 0) -> None:
        """Hold a code before it; it is typed again each second."""
        self._window.hold(text, now_ms, held_ms)
        self._let_pass(now_ms)

    def press(self, strokes: list[bytes], now_ms: int) -> None:
        """Let it send these strokes, one after the other."""
        for index, one in enumerate(strokes):
            self._outbox.say(one, now_ms + index * self.key_ms)

    def feed(self, data: bytes, now_ms: int) -> None:
        """Nothing can be said to it. Raises ``ValueError``."""
        raise ValueError(f"a keyboard was sent {data!r}")

    def refresh(self, now_ms: int) -> bytes:
        """The events that are there by now."""
        self._let_pass(now_ms)
        return self._outbox.leaving(now_ms)

    def deadline_ms(self) -> int | None:
        """When the next key comes, or None."""
        return earliest(self._outbox.deadline_ms(), self._window.deadline_ms())

    def _let_pass(self, now_ms: int) -> None:
        for _, text in self._window.looks(now_ms, 1000):
            ending = [stroke(_ENTER, 1, now_ms), stroke(_ENTER, 0, now_ms)] if self.enter else []
            self.press([*typed(text, now_ms, self.layout), *ending], now_ms)
