"""The live stream beside the cabinet: each MQTT message with a sentence in both languages, and as it came.

Knows topics and the catalogues. Must never change, drop or reorder what the broker delivered, except that the oldest go
when the list is full.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from typing import Any

from locker import texts
from locker.clock import wall_ms

KEPT = 300
ACT = {
    "denied",
    "forced",
    "wrong_door",
    "jammed",
    "not_opened",
    "not_pulsed",
    "alarm_open",
    "left_open",
    "staff_called",
    "board_silent",
}
ACT |= {
    "port_lost",
    "device_trouble",
    "command_refused",
    "link_lost",
    "interrupted",
    "opened_late",
    "suppressed",
    "found_open",
}
ACT |= {"code_wrong", "keypad_locked", "keys_refused", "revoked_refused", "keys_missing", "clock_changed"}
GOOD = {"opened", "deposited", "collected", "board_back", "port_back", "link_back", "staff_done", "command_done"}
GOOD |= {"keys_changed", "revoked_changed"}
QUIET = {"started", "stopped", "visit_ended", "shut", "receipt", "staff_present", "staff_left"}
SIDE = {
    "conn": ("连接状态", "Connection"),
    "info": ("柜子的说明", "About the cabinet"),
    "health": ("健康报告", "Health report"),
    "rsp": ("对指令的回答", "Answer to a command"),
    "cmd": ("云端的指令", "Command from the cloud"),
    "ack": ("云端：都存好了", "Cloud: all stored"),
}
FAULTS = {
    "rollback": ("比现在的版本旧", "older than the one in force"),
    "conflict": ("同一版本，内容不同", "the same version with other content"),
    "other_root": ("不是这个根签的", "of another root"),
    "signature": ("签名不对", "not signed by the root"),
}
"""Why a key set or a list is refused (docs/keys.md, section 7), where it may happen here."""


class News:
    """The newest messages, numbered from 1; may be filled from any thread."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._items: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._number = 0

    def add(self, topic: str, payload: bytes) -> None:
        """Take in one message; door snapshots, acknowledgements and one health report after another are too many."""
        tail = topic.split("/", 4)[-1]
        again = tail == "health" and bool(self._items) and str(self._items[-1]["topic"]).endswith("/health")
        if tail.startswith("door/") or tail == "ack" or again:
            return
        raw = payload.decode("utf-8", errors="replace")
        zh, en, tone = _headline(tail, raw)
        self.tell(topic, zh, en, raw, tone)

    def tell(self, topic: str, zh: str, en: str, raw: str = "", tone: str = "office") -> None:
        """Take in something that was sent down or done by hand, with its sentences."""
        with self._lock:
            self._number += 1
            item = {"n": self._number, "at_ms": wall_ms(), "topic": topic, "raw": raw}
            self._items.append(item | {"zh": zh, "en": en, "tone": tone})

    def after(self, number: int) -> list[dict[str, Any]]:
        """Return the messages above a number, oldest first."""
        with self._lock:
            return [item for item in self._items if item["n"] > number]


def _headline(tail: str, raw: str) -> tuple[str, str, str]:
    try:
        body = json.loads(raw)
    except ValueError:
        return raw[:60], raw[:60], "act"
    if tail == "evt":
        kind = str(body.get("type", ""))
        tone = "act" if kind in ACT else "good" if kind in GOOD else "quiet" if kind in QUIET else ""
        return _event(body, kind, "zh"), _event(body, kind, "en"), tone
    zh, en = SIDE.get(tail, (tail, tail))
    detail = body.get("state") or body.get("op") or ""
    if tail == "rsp":
        detail = "ok" if body.get("ok") else body.get("reason", "")
    return f"{zh} {detail}".strip(), f"{en} {detail}".strip(), "quiet"


def _event(body: dict[str, Any], kind: str, language: str) -> str:
    data = body.get("data") or {}
    try:
        why = _why(str(data.get("reason", "")), language)
        return texts.sentence("events", kind, language, door=body.get("door", 0), reason=why)
    except texts.TextMissingError:
        return f"{kind} {body.get('door') or ''}".strip()


def _why(reason: str, language: str) -> str:
    """A refusal's sentence, a document's fault in words, or the reason as it came."""
    try:
        return texts.sentence("refusals", reason, language, phone="") if reason else ""
    except texts.TextMissingError:
        return FAULTS.get(reason, (reason, reason))[texts.LANGUAGES.index(language)]
