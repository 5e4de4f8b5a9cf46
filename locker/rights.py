"""The rights of the database's files: the service's user may read and write them, nobody else may do anything.

They hold order numbers, the ids of used codes, staff ids and the log. SQLite gives its side files (``-wal``, ``-shm``)
the mode of the database, so the database is made with the right mode before SQLite sees it, under any umask. One that
an older version, a copy or a hand made wider is narrowed and reported: the order numbers in it may have been read, but
unlike a secret (``locker.device``, which refuses) they cannot be replaced, and residents are waiting.

Knows files and modes. Must never look into them.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

SIDE_FILES = ("", "-wal", "-shm", ".lock")
_MODE = 0o600
_OTHERS = 0o077
_MAKE = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC


class RightsError(PermissionError):
    """The rights of a file cannot be set; says which file, whose it is and what to do."""


def narrow(database: Path) -> list[str]:
    """Make the database if there is none, and take away every right of others on it and its side files.

    Returns those that were wider, as "locker.db 0644". Raises ``RightsError``, or ``OSError`` where it cannot be made.
    """
    os.close(os.open(database, _MAKE, _MODE))
    return [told for end in SIDE_FILES if (told := _narrowed(database.with_name(database.name + end)))]


def _narrowed(path: Path) -> str:
    """Narrow one file; what it was, "" where it was right or is not there."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return ""
    mode = stat.S_IMODE(status.st_mode)
    if not mode & _OTHERS:
        return ""
    try:
        path.chmod(_MODE)
    except PermissionError as error:
        whose = f"it belongs to user {status.st_uid}, this runs as {os.geteuid()}"
        raise RightsError(f"{path}: mode {mode:04o} lets others at it, and {whose}; chown it to this user") from error
    return f"{path.name} {mode:04o}"
