"""The kiosk's page without a cabinet: the real driver and the real face, with any screen put on them.

``Stage`` serves the page from a thread and takes ``Show``s; ``SCREENS`` are all that a resident or staff can meet, as
the core shows them. Used by the browser tests and by ``screens.py``, which makes the pictures.
"""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec

from drivers.kiosk import BEAT_MS, KioskDriver
from locker import texts
from locker.clock import boot_ms
from locker.config import Config, Kiosk, load
from locker.face import Face, page_files
from locker.model import DoorRow, Event, Now, Quality, Refusal, Show

EXAMPLE = Path(__file__).resolve().parents[2] / "config" / "cabinet.toml"
NOON_MS, MIDNIGHT_MS = 1_780_891_200_000, 1_780_848_000_000
"""Monday, 8 June 2026, at twelve and at midnight in Shijiazhuang."""
DONE_S = 10.0


class Stage:
    """A page that shows what it is told. ``heard`` is what was touched and typed on it."""

    def __init__(self, port: int, change: Callable[[Config], Config] = lambda config: config) -> None:
        """Serve the example's cabinet on a port of this machine; ``change`` may make another one of it."""
        self.config = change(replaced(load(EXAMPLE), port))
        assert self.config.kiosk is not None
        self.driver = KioskDriver(self.config.kiosk, page_files(), Face(self.config))
        self.url = f"http://127.0.0.1:{port}/"
        self.heard: list[Event] = []
        self.wall_ms, self.quality = NOON_MS, Quality.SYNCED
        self._jobs: list[Callable[[Now], None]] = []
        self._ended, self._number, self._ahead_ms = False, 0, 0
        self._lock = threading.Condition()
        self._bell, self._rope = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, name="kiosk-stage", daemon=True)
        self._thread.start()

    def now(self) -> Now:
        """This instant: boot time runs, the wall clock stands where it was put."""
        return Now(boot_ms() + self._ahead_ms, self.wall_ms, self.quality)

    def hours(self, ms: int) -> None:
        """Let boot time jump ahead, for what the driver does every now and then."""

        def jump(now: Now) -> None:
            self._ahead_ms += ms

        self._do(jump)

    def show(self, show: Show) -> int:
        """Put a screen on the page, under the next number, which is returned."""
        self._number += 1
        shown = replace(show, number=self._number)
        self._do(lambda now: self.driver.perform(shown, now))
        return self._number

    def beat(self) -> int:
        """Let the page hear a sign of life, and return its number."""
        self.hours(BEAT_MS)
        self.hours(0)
        return self.driver.counters()["beats"]

    def reaches(self, count: int) -> list[Event]:
        """Wait until so many touches and codes have been heard, and return them."""
        with self._lock:
            assert self._lock.wait_for(lambda: len(self.heard) >= count, DONE_S), f"heard only {self.heard}"
            return list(self.heard)

    def close(self) -> None:
        """End the thread and give back the port; the page notices. Once is enough, twice does no harm."""
        if self._ended:
            return
        self._do(lambda now: setattr(self, "_ended", True))
        self._thread.join(DONE_S)
        self.driver.close()
        self._bell.close()
        self._rope.close()

    def _do(self, job: Callable[[Now], None]) -> None:
        done = threading.Event()
        with self._lock:
            self._jobs += [job, lambda now: done.set()]
        self._rope.send(b"!")
        assert done.wait(DONE_S)

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._bell, selectors.EVENT_READ)
            while not self._ended:
                events = self.driver.refresh(self.now())
                with self._lock:
                    self.heard += events
                    jobs, self._jobs = self._jobs, []
                    self._lock.notify_all()
                for job in jobs:
                    job(self.now())
                if (descriptor := self.driver.fileno()) is not None and descriptor not in selector.get_map():
                    selector.register(descriptor, selectors.EVENT_READ)
                due_ms = self.driver.deadline_ms()
                wait_s = None if due_ms is None else max(0.0, (due_ms - self.now().ms) / 1000)
                if not self._ended and any(key.fileobj is self._bell for key, _ in selector.select(wait_s)):
                    self._bell.recv(4096)


def replaced(config: Config, port: int) -> Config:
    """The configuration with the page on another port."""
    return msgspec.structs.replace(config, kiosk=Kiosk(port=port))


GIVEN = {"door", "place", "phone", "ticket", "reason", "advice"}
"""Words that the face knows by itself."""
RECEIPT = (
    "LKR1:"
    + "6BFOXN*TS0BI$ZD4N9:9S6RCVN5+O30K3/XIV0W23NTDE$VK G2EP4J0B3KLASMUG8GJL8LLG.3SA3/-2E%5VR5VVBJZI+EBXZQTX9G.F"
)
RECEIPT += (
    "NBAF*:5F.7BM6%N7VU6QAK3DLCS80RP+XDXZUV%JD7C2T7SP4OJNXS2XE97$DUVDVMDH1P6L7YCJ5F2GIMZJ0C.3ZOL2K2E$R.WT62UI3OE0NRF5"
)
INVITE = "https://hgj.example/lk/sjz-gate-1?n=0011223344556677"
IDLE = Show("idle", 0, digits=6, invite=INVITE)
DONE = ("done",)
SCREENS: dict[str, Show] = {
    "idle": IDLE,
    "idle_plain": Show("idle", 0),
    "idle_locked": Show("idle", 0, reason="keypad_locked", remaining_ms=894_000, invite=INVITE),
    "opening": Show("opening", 0, door=7),
    "opening_other": Show("opening_other", 0, door=18),
    "press": Show("press", 0, door=13),
    "open_deposit": Show("open_deposit", 0, door=7, offers=("larger", "nothing")),
    "open_refused_larger": Show("open_deposit", 0, door=7, offers=("larger", "nothing"), reason="nothing_free"),
    "open_collect": Show("open_collect", 0, door=24),
    "open_staff": Show("open_staff", 0, door=10, facts={"books": "holding"}),
    "left_open": Show("left_open", 0, door=9),
    "alarm_open": Show("alarm_open", 0, door=1, offers=DONE, remaining_ms=60_000),
    "deposited": Show("deposited", 0, 7, (*DONE, "reopen", "larger", "nothing"), remaining_ms=60_000, receipt=RECEIPT),
    "deposited_plain": Show("deposited", 0, 7, (*DONE, "reopen", "larger", "nothing"), remaining_ms=60_000),
    "collected": Show("collected", 0, door=24, offers=(*DONE, "reopen"), remaining_ms=60_000),
    "emptying": Show("emptying", 0, door=4),
    "cancelled": Show("cancelled", 0, offers=DONE, remaining_ms=60_000),
    "staff_question": Show("staff_question", 0, door=10, offers=("took_out", "left_in"), remaining_ms=60_000),
    "jammed": Show("jammed", 0, door=16, offers=DONE, ticket="16-4711", remaining_ms=60_000),
    "unfinished": Show("unfinished", 0, door=21),
    "out_of_order": Show("out_of_order", 0),
}
"""Every screen, with what the core puts on it; times long enough that none ends while it is looked at."""


def door_row(door: int) -> DoorRow:
    """A door of a list, each in another state: the longest words among them."""
    match door % 8:
        case 1:
            return DoorRow(door, "closed", "holding", "certificate", item="3432")
        case 2:
            return DoorRow(door, "closed", "holding", "certificate", overdue=True, item="0a1f")
        case 3:
            return DoorRow(door, "closed", "holding", "submission", item="9c07")
        case 4:
            return DoorRow(door, "closed", "empty", in_service=False, note="broken_lock")
        case 5:
            return DoorRow(door, "left_open", "empty")
        case 6:
            return DoorRow(door, "jammed", "reserved", "certificate", item="77b0", note="unsettled")
    return DoorRow(door, "closed", "empty")


ALL_DOORS = tuple(f"door:{door}" for door in range(1, 25))
ROWS = tuple(door_row(door) for door in range(1, 25))
COUNTS: dict[str, int | str] = {"submissions": 12, "overdue": 3, "free": 9, "held": 12, "out": 3, "questions": 2}
CHORES = ("settle", "load", "take_out", "recall", "audit", "status", "by_hand", "reassign", "service", "hand_over")
ITEM: dict[str, int | str] = {"item": "3432", "size": "M"}
DUTY: dict[str, Show] = {
    "duty_menu": Show("duty_menu", 0, 0, ("go_on", *CHORES, "finish"), remaining_ms=120_000, facts=COUNTS),
    "duty_label": Show("duty_label", 0, 0, ("back",), remaining_ms=120_000, facts={"load": 20}),
    "duty_put_in": Show("duty_put_in", 0, 18, ("larger", "not_in"), facts=ITEM),
    "duty_loaded": Show("duty_loaded", 0, 18, ("undo", "back"), remaining_ms=120_000, facts={"load": 20} | ITEM),
    "duty_wrong_door": Show("duty_wrong_door", 0, 18, ("larger", "not_in"), facts={"other": 17}),
    "duty_not_seen": Show("duty_not_seen", 0, 6, ("open_again", "it_is_in", "it_is_not"), facts=ITEM),
    "duty_take_out": Show(
        "duty_take_out", 0, 0, ("go_on", "start", *ALL_DOORS, "back"), digits=2, rows=ROWS, facts={"left": 24}
    ),
    "duty_recall": Show(
        "duty_recall", 0, 0, ("mine", "all", *ALL_DOORS[:5], "back"), digits=2, rows=ROWS[:5], facts={"left": 5}
    ),
    "duty_take": Show(
        "duty_take", 0, 3, ("took_out", "not_taken", "was_empty", "last_one"), facts=ITEM | {"done": 12, "of": 24}
    ),
    "duty_compare": Show(
        "duty_compare",
        0,
        24,
        ("as_listed", "missing", "something_else", "last_one"),
        facts=ITEM | {"done": 24, "of": 24},
    ),
    "duty_status": Show("duty_status", 0, 0, ("back",), remaining_ms=120_000, rows=ROWS, facts=COUNTS),
    "duty_service": Show("duty_service", 0, 0, (*ALL_DOORS, "back"), digits=2, rows=ROWS, facts=COUNTS),
    "duty_why_service": Show(
        "duty_why_service",
        0,
        4,
        ("why:broken_lock", "why:broken_door", "why:dirty", "why:wet", "why:kept", "why:other", "back"),
        facts=ITEM,
    ),
    "duty_refused": Show(
        "duty_label", 0, 0, ("back",), reason="label_elsewhere", remaining_ms=120_000, facts={"load": 3}
    ),
    "duty_read_first": Show(
        "duty_service", 0, 0, (*ALL_DOORS, "back"), "label_idle", digits=2, rows=ROWS, facts=COUNTS
    ),
}
"""Staff's screens, as full as they get."""


def refusal(reason: str) -> Show:
    """The screen of somebody who was refused; a locked keypad is not offered again."""
    digits = 0 if reason == "keypad_locked" else 6
    return Show("refused", 0, offers=DONE, reason=reason, remaining_ms=60_000, digits=digits)


def every_screen() -> dict[str, Show]:
    """``SCREENS``, each refusal, and whatever else the catalogues can say, with its longest facts."""
    found = SCREENS | DUTY | {f"refused {reason.value}": refusal(reason.value) for reason in Refusal}
    for name in texts.catalogue("zh")["screens"]:
        if name not in SCREENS | DUTY:
            words = {
                word for part in ("title", "say", "next") for word in texts.words("screens", name, "zh", part=part)
            }
            found[f"other {name}"] = Show(name, 0, door=24, offers=DONE, facts=dict.fromkeys(words - GIVEN, 24))
    return found
