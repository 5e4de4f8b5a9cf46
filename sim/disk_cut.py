"""What a disk may hold after a power cut: images of a folder, made from a recording.

A ``Disk`` is given the steps of a recording one by one and knows, for each file, what is surely on the disk (synced)
and what was written since (pending), and the same for the folder's names. At any moment it makes images: all pending
lost, all kept, the last write torn, any part of the pending writes kept, garbage in a torn sector.

Knows disks, not databases. What it takes for granted of a disk is what docs/reliability.md says: what was synced stays;
a sector of 512 bytes holds what it held before, what it should hold, one of the versions in between, or garbage in the
part that was being written; a name that was not synced may be there or not. ``NEIGHBOURS`` takes even less for granted:
a torn sector is garbage from end to end, with the synced bytes that were in it. Two writes that arrive in the wrong
order leave, sector by sector, the older one; so dropping the newer one is that case too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from sim.disk import Create, Delete, Mark, Recording, Step, Sync, SyncFolder, Truncate, Write

SECTOR, PAGE = 512, 4096
LOST, KEPT, TORN, STREWN, GARBAGE, NEIGHBOURS = "lost", "kept", "torn", "strewn", "garbage", "neighbours"
KINDS = (LOST, KEPT, TORN, STREWN, GARBAGE, NEIGHBOURS)

Image = dict[str, bytes]
Keep = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Effort:
    """How many images of a kind are made at a cut; ``None`` of ``torn`` is every sector boundary."""

    torn: int | None = None
    torn_anywhere: int = 2
    strewn: int = 4
    garbage: int = 2
    neighbours: int = 1


@dataclass(slots=True)
class _File:
    """One file's bytes that are surely on the disk, those it has now, and the way from the one to the other."""

    synced: bytearray = field(default_factory=bytearray)
    now: bytearray = field(default_factory=bytearray)
    pending: list[Write | Truncate] = field(default_factory=list)

    def take(self, step: Write | Truncate) -> None:
        """Change the file as it is now."""
        apply(self.now, step)
        self.pending.append(step)

    def sync(self) -> None:
        """All of it is on the disk."""
        for step in self.pending:
            apply(self.synced, step)
        self.pending.clear()


def apply(content: bytearray, step: Write | Truncate) -> None:
    """Write into a file's bytes, or cut them; what lies between the end and a later write is zeros."""
    if isinstance(step, Truncate):
        del content[step.size :]
        content.extend(bytes(step.size - len(content)))
        return
    content.extend(bytes(max(0, step.offset - len(content))))
    content[step.offset : step.offset + len(step.data)] = step.data


class Disk:
    """One folder on a disk. ``lies``: a sync does nothing, although the program believes that it did."""

    def __init__(self, recording: Recording, lies: bool = False) -> None:
        """As the folder was before the first step."""
        self._lies = lies
        self._files = {name: _File(bytearray(data), bytearray(data)) for name, data in recording.before.items()}
        self._synced_names = dict(self._files)
        self._pending_names: list[tuple[str, _File | None]] = []
        self._last: tuple[_File, Write] | None = None
        self.changes = 0

    @property
    def settled(self) -> bool:
        """Whether everything is surely on the disk, so that there is but one image."""
        return not self._pending_names and not any(file.pending for file in self._files.values())

    def is_safe(self, name: str) -> bool:
        """Whether a file's name and all of its content are surely on the disk."""
        file = self._files.get(name)
        return file is not None and not file.pending and self._synced_names.get(name) is file

    def take(self, step: Step) -> None:
        """One step of the recording."""
        self._last = None
        self.changes += not isinstance(step, Mark)
        match step:
            case Create(name):
                self._files[name] = _File()
                self._pending_names.append((name, self._files[name]))
            case Delete(name):
                del self._files[name]
                self._pending_names.append((name, None))
            case Write(name):
                self._files[name].take(step)
                self._last = self._files[name], step
            case Truncate(name):
                self._files[name].take(step)
            case Sync(name) if not self._lies:
                self._files[name].sync()
            case SyncFolder() if not self._lies:
                self._synced_names = dict(self._files)
                self._pending_names.clear()

    # --- images -----------------------------------------------------------------------------------

    def lost(self) -> Image:
        """Nothing that was pending is there."""
        return {name: bytes(file.synced) for name, file in self._synced_names.items()}

    def kept(self) -> Image:
        """Everything is there, as after a kill of the process."""
        return {name: bytes(file.now) for name, file in self._files.items()}

    def images(self, chance: Random, effort: Effort) -> Iterator[tuple[str, Image]]:
        """Every kind of image at this moment; those of the last write only where the last step was one."""
        yield LOST, self.lost()
        if self.settled:
            return
        yield KEPT, self.kept()
        for _ in range(effort.strewn):
            share = chance.choice((0.15, 0.5, 0.85))
            yield STREWN, self._strewn(chance, share)
        if self._last is None:
            return
        _, write = self._last
        for at in _tears(write, chance, effort):
            yield TORN, self._torn(write.data[:at], chance)
        for _ in range(effort.garbage):
            yield GARBAGE, self._torn(_spoilt(write, chance), chance)
        for _ in range(effort.neighbours):
            yield NEIGHBOURS, self._with_spoilt_sector(chance)

    def _torn(self, data: bytes, chance: Random) -> Image:
        """The last write came only in part; what was pending before it is all there, or (one in four) strewn."""
        assert self._last is not None
        file, write = self._last
        keep_all = chance.random() < 0.75
        share = 1.0 if keep_all else 0.5
        image = {name: self._part(each, chance, share, without=write) for name, each in self._names(chance, share)}
        for name, each in self._files.items():
            if each is file and name in image:
                content = bytearray(image[name])
                apply(content, Write(name, write.offset, data))
                image[name] = bytes(content)
        return image

    def _with_spoilt_sector(self, chance: Random) -> Image:
        """Like garbage, and the bytes beside the write in its sector are gone as well."""
        assert self._last is not None
        file, write = self._last
        at = chance.randrange(write.offset, write.offset + len(write.data))
        size = chance.choice((SECTOR, PAGE))
        start = at - at % size
        image = self._torn(write.data[: max(0, start - write.offset)], chance)
        for name, each in self._files.items():
            if each is file and name in image:
                content = bytearray(image[name])
                content[start : start + size] = chance.randbytes(min(size, max(0, len(content) - start)))
                image[name] = bytes(content)
        return image

    def _strewn(self, chance: Random, share: float) -> Image:
        """Any part of the pending: each name and each sector of each write for itself."""
        return {name: self._part(file, chance, share) for name, file in self._names(chance, share)}

    def _names(self, chance: Random, share: float) -> list[tuple[str, _File]]:
        """The folder's names, each pending change there or not."""
        names = dict(self._synced_names)
        for name, file in self._pending_names:
            if chance.random() < share and file is not None:
                names[name] = file
            elif chance.random() < share and file is None:
                names.pop(name, None)
        return list(names.items())

    def _part(self, file: _File, chance: Random, share: float, without: Write | None = None) -> bytes:
        """A file with some of its pending writes, sector by sector."""
        if share == 1.0 and (not file.pending or file.pending[-1] is not without):
            return bytes(file.now)
        content = bytearray(file.synced)
        for step in file.pending:
            if step is without:
                continue
            if isinstance(step, Truncate) or share == 1.0:
                if chance.random() < share:
                    apply(content, step)
                continue
            for piece in sectors(step):
                if chance.random() < share:
                    apply(content, piece)
        return bytes(content)


def sectors(write: Write) -> Iterator[Write]:
    """A write in pieces, each within one sector."""
    end = write.offset + len(write.data)
    start = write.offset
    while start < end:
        stop = min(end, start - start % SECTOR + SECTOR)
        yield Write(write.file, start, write.data[start - write.offset : stop - write.offset])
        start = stop


def _tears(write: Write, chance: Random, effort: Effort) -> list[int]:
    """After how many bytes a write is torn: at the boundaries of sectors, and anywhere."""
    length = len(write.data)
    edges = [at for at in range(1, length) if (write.offset + at) % SECTOR == 0]
    if effort.torn is not None and len(edges) > effort.torn:
        edges = sorted(chance.sample(edges, effort.torn))
    anywhere = [chance.randrange(1, length) for _ in range(effort.torn_anywhere) if length > 1]
    return sorted({*edges, *anywhere})


def _spoilt(write: Write, chance: Random) -> bytes:
    """The write up to some byte, and garbage for the rest of that byte's sector."""
    at = chance.randrange(len(write.data))
    size = chance.choice((SECTOR, PAGE))
    end = min(len(write.data), at + size - (write.offset + at) % size)
    return write.data[:at] + chance.randbytes(end - at)
