"""A disk that is watched: everything that SQLite asks of it, in order, while the production store runs unmodified.

A ``Recorder`` puts itself in front of the VFS of the very SQLite library that the standard ``sqlite3`` module is linked
to (Debian's and Raspberry Pi OS's ``libsqlite3.so.0``), by ``ctypes``: the files are opened and read by SQLite's own
code, only writing, truncating, syncing, creating and deleting pass by here and are noted. Whoever runs the day notes in
between what was seen from outside ("a pulse is on the wire"). ``sim.disk_cut`` makes out of the notes what a disk may
hold after a power cut at any of them.

Knows SQLite's interface to the operating system (sqlite.org/c3ref/vfs.html, io_methods.html). Must never know what the
files mean. The shared-memory file (``-shm``) is no part of the disk: it does not outlive the power, and SQLite begins
it anew. That a folder was synced is seen where SQLite's Unix layer opens the folder for it (``openDirectory``).
"""

from __future__ import annotations

import _sqlite3
import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

_OK = 0
_NAME = b"locker-disk"


class DiskError(OSError):
    """The disk cannot be watched here; says why and what to do."""


@dataclass(frozen=True, slots=True)
class Create:
    """A file has come into being, empty."""

    file: str


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes were written at an offset."""

    file: str
    offset: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Truncate:
    """A file was cut to a size in bytes."""

    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """A file's content was asked to be on the disk."""

    file: str


@dataclass(frozen=True, slots=True)
class Delete:
    """A file's name was taken out of the folder."""

    file: str


@dataclass(frozen=True, slots=True)
class SyncFolder:
    """The folder's names were asked to be on the disk."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something was seen outside: ``what`` happened, with what belongs to it. No step of the disk's own."""

    what: str
    about: tuple[Any, ...] = ()


Step = Create | Write | Truncate | Sync | Delete | SyncFolder | Mark


@dataclass(frozen=True, slots=True)
class Recording:
    """What the folder held before, and every step since. A file is named by its last part."""

    before: dict[str, bytes]
    steps: tuple[Step, ...]


# --- SQLite's structures --------------------------------------------------------------------------

_P, _I, _L = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
_OPEN = ctypes.CFUNCTYPE(_I, _P, _P, _P, _I, _P)
_DELETE = ctypes.CFUNCTYPE(_I, _P, _P, _I)
_CLOSE = ctypes.CFUNCTYPE(_I, _P)
_WRITE = ctypes.CFUNCTYPE(_I, _P, _P, _I, _L)
_TRUNCATE = ctypes.CFUNCTYPE(_I, _P, _L)
_SYNC = ctypes.CFUNCTYPE(_I, _P, _I)
_FOLDER = ctypes.CFUNCTYPE(_I, _P, _P)
_SET_CALL = ctypes.CFUNCTYPE(_I, _P, ctypes.c_char_p, _P)
_RANDOM = ctypes.CFUNCTYPE(_I, _P, _I, _P)
_GET_CALL = ctypes.CFUNCTYPE(_P, _P, ctypes.c_char_p)


class _Vfs(ctypes.Structure):
    """``sqlite3_vfs``, version 3."""

    _fields_: ClassVar = [
        ("version", _I),
        ("file_bytes", _I),
        ("path_max", _I),
        ("next", _P),
        ("name", ctypes.c_char_p),
        ("app_data", _P),
        ("open", _P),
        ("delete", _P),
        ("access_to_dl_close", _P * 6),
        ("randomness", _P),
        ("sleep_to_time", _P * 4),
        ("set_system_call", _P),
        ("get_system_call", _P),
        ("next_system_call", _P),
    ]


class _Methods(ctypes.Structure):
    """``sqlite3_io_methods``, version 3; those of ``rest`` are SQLite's own and are never touched."""

    _fields_: ClassVar = [
        ("version", _I),
        ("close", _P),
        ("read", _P),
        ("write", _P),
        ("truncate", _P),
        ("sync", _P),
        ("rest", _P * 13),
    ]


_METHOD_COUNT = {1: 12, 2: 16, 3: 18}
"""How many functions each version of the methods has."""
_kept: list[object] = []
"""Whatever SQLite may still call after a recording: a connection that was never closed has its file methods here."""


def _library() -> ctypes.CDLL:
    """SQLite as the standard library has it."""
    library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
    if not hasattr(library, "sqlite3_vfs_register"):
        raise DiskError(
            "this Python hides its SQLite, so that its disk cannot be watched; use one that is linked to "
            "libsqlite3.so.0, as /usr/bin/python3 of Debian and Raspberry Pi OS is"
        )
    library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
    return library


class Recorder:
    """Notes every step of the files in one folder, while it is entered. One at a time in a process."""

    def __init__(self, folder: Path) -> None:
        """What lies in the folder now counts as being on the disk."""
        self.folder = folder.resolve()
        self._before = self._held()
        self._steps: list[Step] = []
        self._noting = True
        self._files: dict[int, tuple[str, _Methods]] = {}
        self._methods: dict[int, tuple[_Methods, _Methods]] = {}
        self._errors: list[Exception] = []
        self._library = _library()

    @property
    def recording(self) -> Recording:
        """Everything so far. Raises what went wrong in noting it."""
        if self._errors:
            raise self._errors[0]
        return Recording(self._before, tuple(self._steps))

    def mark(self, what: str, *about: Any) -> None:
        """Note what was seen outside, now."""
        self._note(Mark(what, about))

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What happens within is not noted, and then the folder is as it was: so a process ends that cannot tidy up."""
        held = self._held()
        self._noting = False
        yield
        for path in self.folder.iterdir():
            path.unlink()
        for name, data in held.items():
            (self.folder / name).write_bytes(data)
        self._noting = True

    def _held(self) -> dict[str, bytes]:
        """The folder's files, without those that do not outlive the power."""
        files = [path for path in self.folder.iterdir() if path.is_file() and not path.name.endswith("-shm")]
        return {path.name: path.read_bytes() for path in files}

    def _note(self, step: Step) -> None:
        if self._noting:
            self._steps.append(step)

    def __enter__(self) -> Recorder:
        real = self._library.sqlite3_vfs_find(None)
        self._real_vfs = real
        ours = _Vfs.from_buffer_copy(real.contents)
        self._real_open, self._real_delete = _OPEN(ours.open), _DELETE(ours.delete)
        self._open, self._delete = _OPEN(self._on_open), _DELETE(self._on_delete)
        ours.name = _NAME
        ours.open, ours.delete = _address(self._open), _address(self._delete)
        self._random = _RANDOM(self._on_random)
        ours.randomness = _address(self._random)
        self._close, self._write = _CLOSE(self._on_close), _WRITE(self._on_write)
        self._truncate, self._sync = _TRUNCATE(self._on_truncate), _SYNC(self._on_sync)
        self._vfs = ours
        self._watch_folder(real)
        _kept.append(self)
        if self._library.sqlite3_vfs_register(ctypes.byref(ours), 1) != _OK:
            raise DiskError("SQLite refused the recorder; is another one at work in this process?")
        self._library.sqlite3_randomness(0, None)
        return self

    def __exit__(self, *error: object) -> None:
        self._library.sqlite3_vfs_unregister(ctypes.byref(self._vfs))
        self._library.sqlite3_randomness(0, None)
        set_call = _SET_CALL(self._real_vfs.contents.set_system_call)
        set_call(ctypes.cast(self._real_vfs, _P), b"openDirectory", None)

    # --- called by SQLite -------------------------------------------------------------------------

    def _watch_folder(self, real: Any) -> None:
        """Notice when SQLite's Unix layer opens the folder, which it does in order to sync it."""
        vfs = ctypes.cast(real, _P)
        get_call, set_call = _GET_CALL(real.contents.get_system_call), _SET_CALL(real.contents.set_system_call)
        found = get_call(vfs, b"openDirectory")
        if not found:
            raise DiskError("this SQLite does not tell when it syncs a folder; 3.8 and later do")
        self._real_folder, self._folder = _FOLDER(found), _FOLDER(self._on_folder)
        set_call(vfs, b"openDirectory", _address(self._folder))

    def _noted(self, note: Callable[[], None]) -> None:
        """Note something; an error must not cross SQLite, so it waits in ``recording``."""
        try:
            note()
        except Exception as error:
            self._errors.append(error)

    def _mine(self, name: int | None) -> str:
        """The last part of a file's path if it lies in the folder, else "".

        Paths stay where SQLite has them, because it keeps the pointer that it is given here.
        """
        if not name:
            return ""
        path = Path(os.fsdecode(ctypes.string_at(name)))
        return path.name if path.parent.resolve() == self.folder else ""

    def _on_open(self, _: int, name: int | None, file: int, flags: int, out: int) -> int:
        mine = self._mine(name)
        is_new = bool(mine) and not (self.folder / mine).exists()
        code: int = self._real_open(ctypes.cast(self._real_vfs, _P), name, file, flags, out)
        if code == _OK and mine:
            self._noted(lambda: self._take(mine, file, is_new))
        return code

    def _take(self, mine: str, file: int, is_new: bool) -> None:
        """From now on this file's writes pass by here."""
        if is_new:
            self._note(Create(mine))
        slot = ctypes.cast(file, ctypes.POINTER(_P))
        real = int(slot[0] or 0)
        if real not in self._methods:
            count = 1 + _METHOD_COUNT[ctypes.cast(real, ctypes.POINTER(_I))[0]]
            before = _Methods()
            ctypes.memmove(ctypes.byref(before), real, count * ctypes.sizeof(_P))
            ours = _Methods.from_buffer_copy(before)
            ours.close, ours.write = _address(self._close), _address(self._write)
            ours.truncate, ours.sync = _address(self._truncate), _address(self._sync)
            self._methods[real] = before, ours
        before, ours = self._methods[real]
        self._files[file] = mine, before
        slot[0] = ctypes.addressof(ours)

    def _on_close(self, file: int) -> int:
        _, real = self._files.pop(file)
        code: int = _CLOSE(real.close)(file)
        return code

    def _on_write(self, file: int, data: int, count: int, offset: int) -> int:
        name, real = self._files[file]
        self._noted(lambda: self._note(Write(name, offset, ctypes.string_at(data, count))))
        code: int = _WRITE(real.write)(file, data, count, offset)
        return code

    def _on_truncate(self, file: int, size: int) -> int:
        name, real = self._files[file]
        self._note(Truncate(name, size))
        code: int = _TRUNCATE(real.truncate)(file, size)
        return code

    def _on_sync(self, file: int, flags: int) -> int:
        name, real = self._files[file]
        self._note(Sync(name))
        code: int = _SYNC(real.sync)(file, flags)
        return code

    def _on_delete(self, _: int, name: int | None, sync_folder: int) -> int:
        mine = self._mine(name)
        if mine and (self.folder / mine).exists():
            self._note(Delete(mine))
        code: int = self._real_delete(ctypes.cast(self._real_vfs, _P), name, sync_folder)
        return code

    def _on_random(self, _: int, count: int, out: int) -> int:
        """The seed of SQLite's own chance (the salts of its logs): the same each time, so that a recording is too."""
        ctypes.memset(out, 7, count)
        return count

    def _on_folder(self, name: int | None, out: int) -> int:
        if self._mine(name):
            self._note(SyncFolder())
        code: int = self._real_folder(name, out)
        return code


def _address(function: Any) -> int:
    """Where a callback can be called."""
    return ctypes.cast(function, _P).value or 0
