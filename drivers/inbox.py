"""The inbox: files that may be key sets or revocation lists, in a folder of the cabinet's or on a USB stick.

*Hardware*: the cabinet's disk; any stick that the system mounts. *Wire*: files of at most 8,192 bytes, ``keys.lks`` (a
key set) and ``revoked.lkr`` (a revocation list); a stick named by one file has that file alone, a list where its name
ends in ``.lkr``. *Source*: docs/keys.md, sections 2 and 8.

*Quirks*, and what is done about them:

- A file is there before all of it is: it is read only when inode, size and time of change were alike in two looks,
  ``LOOK_MS`` apart, and are still alike after reading.
- FAT keeps times to two seconds; a change of the same size within them is seen by the next change only.
- What bears the name may be a pipe, a device or a link to a secret: only regular files are opened, links are not
  followed, and one byte more than any document is the most that is read.
- A stick is pulled while it is read: trouble is told once until it changes, and the next look tries again.

Knows names, sizes and times. Must never know what the bytes mean: each look's new content is handed on, and who gets it
verifies it.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from locker.messages import BYTES_MAX
from locker.model import Act, DeviceTrouble, Event, Now, SignedArrived

LOOK_MS = 2000
FILES = {"keys": "keys.lks", "revoked": "revoked.lkr"}
LIST_SUFFIX = ".lkr"

Looks = tuple[int, int, int, int]
"""Device, inode, size and time of change of a file."""


@dataclass(slots=True)
class _Place:
    """One file that is looked for; ``seen`` is how it looked last, ``done`` how it looked when it was handed on.

    ``trouble`` is the last trouble that was told, "" when it was well or just not there.
    """

    path: Path
    kind: str
    source: str
    seen: Looks | None = None
    done: Looks | None = None
    trouble: str = ""


class InboxDriver:
    """Looks every two seconds and hands on what is new. Nothing is touched before the first ``refresh``."""

    def __init__(self, folder: Path, stick: str = "") -> None:
        """``folder`` holds what `locker keys import` wrote; ``stick`` is a file or a mounted folder, "" for none."""
        self._folder = [_Place(folder / name, kind, "file") for kind, name in FILES.items()]
        one = "revoked" if stick.endswith(LIST_SUFFIX) else "keys"
        self._stick = [_Place(Path(stick) / name, kind, "stick") for kind, name in FILES.items()] if stick else []
        self._alone = [_Place(Path(stick), one, "stick")] if stick else []
        self._due_ms = 0
        self._count = dict.fromkeys(("handed_on", "unreadable"), 0)

    @property
    def name(self) -> str:
        """Always "inbox"."""
        return "inbox"

    def fileno(self) -> int | None:
        """None: a file does not tell that it has changed."""
        return None

    def deadline_ms(self) -> int | None:
        """The next look."""
        return self._due_ms

    def refresh(self, now: Now) -> list[Event]:
        """Look, when it is time, and hand on what is new."""
        if now.ms < self._due_ms:
            return []
        self._due_ms = now.ms + LOOK_MS
        places = [*self._folder, *self._stick, *self._alone]
        return [event for place in places for event in self._look(place)]

    def accepts(self, act: Act) -> bool:
        """Nothing is ordered here."""
        return False

    def perform(self, act: Act, now: Now) -> None:
        """Nothing is ordered here."""

    def counters(self) -> dict[str, int]:
        """Files handed on, files that could not be read."""
        return dict(self._count)

    def close(self) -> None:
        """Nothing is held open."""

    def _look(self, place: _Place) -> list[Event]:
        """One file: gone, still changing, dealt with, or new."""
        try:
            found = _looks(place.path.stat(follow_symlinks=False))
            before, place.seen = place.seen, found
            ready = found is not None and found == before and found != place.done
            raw = _read(place.path, found) if ready else None
        except (FileNotFoundError, NotADirectoryError):
            place.seen, place.done, place.trouble = None, None, ""
            return []
        except (OSError, ValueError) as error:
            place.seen = place.done = None
            return self._trouble(place, str(getattr(error, "strerror", None) or error))
        if raw is None:
            return []
        place.done, place.trouble = found, ""
        self._count["handed_on"] += 1
        return [SignedArrived(place.kind, raw, place.source)]

    def _trouble(self, place: _Place, why: str) -> list[Event]:
        """Something is there and cannot be read; told once as long as it is the same."""
        self._count["unreadable"] += 1
        told, place.trouble = place.trouble, why
        return [] if told == why else [DeviceTrouble(self.name, "unreadable", f"{place.path}: {why}")]


def _looks(found: os.stat_result) -> Looks | None:
    """How a regular file looks; None for a folder, a link, a pipe or a device."""
    if not stat.S_ISREG(found.st_mode):
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _read(path: Path, wanted: Looks | None) -> bytes | None:
    """The bytes of a file, one more than a document's at most; None when it is not, or not any more, as it looked."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if _looks(os.fstat(descriptor)) != wanted:
            return None
        raw = file.read(BYTES_MAX + 1)
        return raw if _looks(os.fstat(descriptor)) == wanted else None
