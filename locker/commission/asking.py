"""Questions until they are answered: what counts as an answer, the words that always count, and consent to one pulse.

Knows the words of both languages. An answer that is none is asked for again, twenty times at most; then it counts as
"skip". ``Quit`` ends the whole dialogue with nothing written.
"""

from __future__ import annotations

from collections.abc import Generator
from enum import Enum
from typing import Any, TypeVar

from locker.commission.steps import Ask, Consent, Place, Step, Tell, Values

T = TypeVar("T")
Dialogue = Generator[Step, Any, T]
"""A part of the dialogue: yields steps, is sent what comes back, and returns what it found."""

TRIES_MAX = 20
ANSWER_MAX = 200
YES = ("y", "yes", "是", "好", "对", "可以", "1")
NO = ("n", "no", "否", "不", "不是", "0")
SKIP = ("s", "skip", "跳过")
BACK = ("b", "back", "返回", "上一步")
QUIT = ("q", "quit", "exit", "退出")


class Way(Enum):
    """An answer that is none: leave this out, or go back to what came before."""

    SKIP = "skip"
    BACK = "back"


class Quit(Exception):
    """The technician ends it; nothing is written."""


def ask(question: Ask) -> Dialogue[str | Way]:
    """Ask until there is an answer that fits; "yes" or "no", one of the choices, a number, or a text."""
    for _ in range(TRIES_MAX):
        typed = yield question
        words = str(typed or "").strip()[:ANSWER_MAX]
        low = words.lower()
        if low in QUIT:
            raise Quit
        if low in SKIP and "skip" not in question.choices:
            return Way.SKIP
        if low in BACK:
            return Way.BACK
        answer = _fitting(question, words)
        if answer is not None:
            return answer
        yield Tell("not_understood", {"typed": words or "-"})
    yield Tell("too_often")
    return Way.SKIP


def agreed(key: str, default: str = "", **values: str | int) -> Dialogue[bool | Way]:
    """A question for yes or no."""
    answer = yield from ask(Ask(key, "yes", values, default=default))
    return answer if isinstance(answer, Way) else answer == "yes"


def ready(key: str, **values: str | int) -> Dialogue[bool]:
    """Wait for Enter; whether it was not "skip" or "back"."""
    answer = yield from ask(Ask(key, "enter", values))
    return not isinstance(answer, Way)


def consent(place: Place, values: Values) -> Dialogue[Consent | Way]:
    """Ask for one pulse at one place. Only a spelt yes is one: Enter alone, or anything else, is none."""
    answer = yield from ask(Ask("may_open", "yes", values, place=place))
    if isinstance(answer, Way):
        return answer
    return Consent(place) if answer == "yes" else Way.SKIP


def _fitting(question: Ask, words: str) -> str | None:
    """The answer in its one form, or None when these words are none."""
    if not words and question.default and question.place is None:
        return question.default
    low = words.lower()
    match question.expects:
        case "enter":
            return "" if not words or low in YES else None
        case "yes":
            return "yes" if low in YES else "no" if low in NO else None
        case "choice":
            return _chosen(question.choices, low)
        case "number":
            return _number(question, words)
        case _:
            return words or None


def _chosen(choices: tuple[str, ...], low: str) -> str | None:
    """By name, or by number from 1 on."""
    if low.isascii() and low.isdecimal() and 1 <= int(low) <= len(choices):
        return choices[int(low) - 1]
    return next((choice for choice in choices if choice.lower() == low), None)


def _number(question: Ask, words: str) -> str | None:
    """A whole number within ``least`` and ``most`` of the question's values."""
    try:
        number = int(words, 0)
    except ValueError:
        return None
    least, most = int(question.values.get("least", 0)), int(question.values.get("most", 65_535))
    return str(number) if least <= number <= most else None
