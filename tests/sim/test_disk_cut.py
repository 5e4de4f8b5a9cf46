"""The images: each kind holds what its name says, seeded, and never touches what was surely on the disk."""

from __future__ import annotations

from random import Random

from sim.disk import Create, Delete, Mark, Recording, Step, Sync, SyncFolder, Truncate, Write
from sim.disk_cut import GARBAGE, KEPT, LOST, NEIGHBOURS, PAGE, SECTOR, STREWN, TORN, Disk, Effort, Image, sectors

OLD = {"f": bytes(PAGE)}
ONES = b"\x01" * PAGE


def after(*steps: Step, before: dict[str, bytes] | None = None, lies: bool = False) -> Disk:
    """A disk after these steps."""
    recording = Recording(OLD if before is None else before, steps)
    disk = Disk(recording, lies)
    for step in steps:
        disk.take(step)
    return disk


def images(disk: Disk, kind: str, seed: int = 1, **effort: int) -> list[Image]:
    """All images of a kind."""
    return [image for each, image in disk.images(Random(seed), Effort(**effort)) if each == kind]


def test_what_was_synced_stays_and_the_rest_is_lost_or_kept() -> None:
    """The two ends of what may be there."""
    disk = after(Write("f", 0, b"ab"), Sync("f"), Write("f", 1, b"c"), Truncate("f", 2))
    assert disk.lost() == {"f": b"ab" + bytes(PAGE - 2)}
    assert disk.kept() == {"f": b"ac"}
    assert not disk.settled
    assert after(Write("f", 0, b"ab"), Sync("f")).settled


def test_a_settled_disk_has_one_image() -> None:
    """Nothing pending, nothing to choose; a mark changes nothing."""
    disk = after(Write("f", 0, b"ab"), Sync("f"), Mark("pulse"))
    assert [kind for kind, _ in disk.images(Random(1), Effort())] == [LOST]


def test_a_name_is_safe_only_when_the_folder_was_synced() -> None:
    """A new file may be missing although its content was synced, and a deleted one may be back."""
    made = after(Create("g"), Write("g", 0, b"x"), Sync("g"))
    assert (made.lost(), made.kept()["g"]) == (OLD, b"x")
    assert not made.is_safe("g")
    made.take(SyncFolder())
    assert made.is_safe("g")
    made.take(Delete("g"))
    assert (made.lost()["g"], made.kept()) == (b"x", OLD)
    strewn = images(made, STREWN, strewn=40)
    assert {"g" in image for image in strewn} == {True, False}


def test_a_lying_disk_keeps_nothing() -> None:
    """Its syncs do nothing, for files and for the folder."""
    disk = after(Create("g"), Write("g", 0, b"x"), Sync("g"), SyncFolder(), before={}, lies=True)
    assert (disk.lost(), disk.kept()) == ({}, {"g": b"x"})


def test_a_write_is_torn_at_every_sector_and_anywhere() -> None:
    """The part before the tear is there, the part after is what it was."""
    disk = after(Write("f", 0, ONES))
    tears = {image["f"].count(1) for image in images(disk, TORN, torn_anywhere=0)}
    assert tears == set(range(SECTOR, PAGE, SECTOR))
    anywhere = {image["f"].count(1) for image in images(disk, TORN, torn=0, torn_anywhere=30)}
    assert len(anywhere) > 10
    assert all(
        image["f"] == b"\x01" * n + bytes(PAGE - n) for image in images(disk, TORN) for n in [image["f"].count(1)]
    )


def test_any_sector_of_any_pending_write_may_be_missing() -> None:
    """Across files and across writes; of two writes over each other either may be what is left."""
    disk = after(Create("g"), Write("g", 0, ONES), Write("f", 0, ONES), Write("f", 0, b"\x02" * PAGE))
    strewn = images(disk, STREWN, strewn=200)
    found = {image["f"][at] for image in strewn for at in range(0, PAGE, SECTOR)}
    assert found == {0, 1, 2}
    assert any("g" not in image for image in strewn)
    assert all(len(set(image["f"][at : at + SECTOR])) == 1 for image in strewn for at in range(0, PAGE, SECTOR))


def test_garbage_stays_within_the_write_and_one_sector() -> None:
    """The bytes beside the write are what they were: the disk writes no byte that it was not given."""
    disk = after(Write("f", 100, ONES[:1000]))
    for image in images(disk, GARBAGE, seed=3, garbage=50):
        strange = [at for at, byte in enumerate(image["f"]) if byte not in (0, 1)]
        assert all(100 <= at < 1100 for at in strange)
        assert max(strange, default=0) - min(strange, default=0) < PAGE


def test_with_its_neighbours_the_whole_sector_is_garbage() -> None:
    """Synced bytes that share the sector with the write are gone as well; other sectors are untouched."""
    disk = after(Write("f", 600, b"\x01" * 10), before={"f": bytes(3 * PAGE)})
    hit = images(disk, NEIGHBOURS, neighbours=30)
    assert any(sum(image["f"][:600]) for image in hit)
    assert not any(sum(image["f"][PAGE:]) for image in hit)


def test_chance_repeats_with_its_seed() -> None:
    """Same seed, same images."""
    disk = after(Create("g"), Write("g", 0, ONES), Write("f", 0, ONES))
    assert list(disk.images(Random(7), Effort())) == list(disk.images(Random(7), Effort()))
    assert list(disk.images(Random(7), Effort())) != list(disk.images(Random(8), Effort()))
    kinds = {kind for kind, _ in disk.images(Random(7), Effort())}
    assert kinds == {LOST, KEPT, TORN, STREWN, GARBAGE, NEIGHBOURS}


def test_sectors_cut_a_write_at_the_files_boundaries() -> None:
    """Not at the write's own."""
    pieces = list(sectors(Write("f", 500, bytes(600))))
    assert [(piece.offset, len(piece.data)) for piece in pieces] == [(500, 12), (512, 512), (1024, 76)]
