"""The dialogue of commissioning on a terminal: Chinese first, English beneath, one prompt line.

Knows how steps are printed and how a line is read; must never know what an answer leads to. A cable that is slow shows
its progress on one line that is written over.
"""

from __future__ import annotations

import sys

from locker.commission.phrases import Phrases
from locker.commission.steps import Ask, ShowChange, ShowCode, Step, Tell

_HINTS = {
    "yes": "y 是 / n 否",
    "enter": "回车 Enter",
    "number": "数字 number",
    "text": "文字 text",
    "choice": "编号或名字 number or name",
}
_CHANGE_LINES_MAX = 400


class Terminal:
    """Prints steps, and reads answers from standard input."""

    def __init__(self) -> None:
        """Nothing is printed yet."""
        self._phrases = Phrases()
        self._progress = 0

    def tell(self, step: Step) -> None:
        """A finding, a code to be scanned, or a difference."""
        self._wipe()
        if isinstance(step, Tell):
            zh, en = self._phrases.both(step.key, step.values)
            print(f"  {zh}\n  {en}")
        elif isinstance(step, ShowCode):
            print(_drawn(step.text))
        elif isinstance(step, ShowChange):
            shown = step.lines[:_CHANGE_LINES_MAX]
            print("\n".join(shown) if shown else "  (=)")

    def told(self, step: Step) -> None:
        """It has been printed; a person reads it."""

    def ask(self, step: Ask) -> None:
        """The question, its choices, and what Enter means."""
        self._wipe()
        zh, en = self._phrases.both(step.key, step.values)
        print(f"\n? {zh}\n  {en}")
        for at, choice in enumerate(step.choices, 1):
            key = f"choice_{choice}"
            about = self._phrases.both(key, {}) if key in self._phrases.tables["zh"] else ("", "")
            print(f"    {at}  {choice:<8}  {'  '.join(about)}".rstrip())
        default = f", 回车 Enter = {step.default}" if step.default and step.expects != "enter" else ""
        default += ", s 跳过 skip, b 返回 back" if step.place is not None else ""
        span = f" {step.values['least']}–{step.values['most']}" if step.expects == "number" else ""
        print(f"  ({_HINTS[step.expects]}{span}{default}) > ", end="", flush=True)

    def echo(self, words: str) -> None:
        """What somebody else answered."""
        print(words)

    def answer(self, step: Ask) -> str:
        """What is typed. Raises ``EOFError`` at the end of the input."""
        return self.typed()

    def typed(self) -> str:
        """One line. Raises ``EOFError`` at the end of the input."""
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.strip()

    def progress(self, words: str) -> None:
        """How far a search is, on one line; only where somebody watches."""
        if sys.stdout.isatty():
            print(f"\r  … {words}".ljust(self._progress), end="", flush=True)
            self._progress = len(words) + 8

    def _wipe(self) -> None:
        if self._progress:
            print("\r" + " " * self._progress + "\r", end="")
            self._progress = 0


def _drawn(text: str) -> str:
    """A QR code for the terminal, with its own white."""
    from locker.cli.qr import draw, terminal

    return terminal(draw(text))
