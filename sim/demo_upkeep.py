"""What the demo's page shows a technician: the status file that the controller writes, as ``locker status`` reads it.

Knows the file and its words; never asks the controller anything.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from locker.status import BYTES_MAX, DoorStatus, Status, decode

COUNTED = ("lost", "bad", "late")


def view(file: Path) -> dict[str, Any] | None:
    """Boards and doors as the page draws them; None while no controller has said anything."""
    try:
        found = file.stat()
        return _read(file, found.st_mtime_ns, found.st_ino)
    except OSError:
        return None


@lru_cache(maxsize=1)
def _read(file: Path, changed_ns: int, inode: int) -> dict[str, Any] | None:
    """Read once for each time that it was written."""
    with file.open("rb") as opened:
        status = decode(opened.read(BYTES_MAX + 1))
    return _view(status) if status else None


def _view(status: Status) -> dict[str, Any]:
    boards = []
    for board in status.boards:
        counts = status.counters.get(board.name, {})
        figures = {"sent": counts.get("sent", counts.get("reads", 0))} | {name: counts.get(name, 0) for name in COUNTED}
        told = {"name": board.name, "answers": board.answers, "barred": board.quarantined, "noisy": board.noisy}
        boards.append(told | {"version": board.version, "permille": board.permille} | figures)
    return {"boards": boards, "doors": [_door(door) for door in status.doors], "versions": status.versions}


def _door(door: DoorStatus) -> dict[str, Any]:
    return {
        "door": door.door,
        "cycles": door.cycles,
        "percent": round(100 * door.cycles / door.rated, 2),
        "usual_ms": None if door.usual_ms is None else round(door.usual_ms),
        "recent_ms": None if door.recent_ms is None else round(door.recent_ms),
        "slower": door.slower,
        "in_service": door.in_service,
    }
