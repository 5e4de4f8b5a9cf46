"""The language of the page over its wire: which page's counts, and for how long."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kiosk_rig import Rig, events

from locker.model import Chosen


@pytest.fixture
def rig(free_port: int) -> Iterator[Rig]:
    """A driver that has its port."""
    rig = Rig(free_port)
    rig.turn()
    yield rig
    rig.close()


def test_a_language_is_told_once_and_forgotten_with_its_page(rig: Rig) -> None:
    """A page says under its stream's number what it was switched to; when it is gone, nobody has chosen."""
    link = rig.page()
    for language in ("en", "en", "zh", "", ""):
        assert rig.choose(language, 1) == 204
    assert rig.heard == [Chosen("en"), Chosen("zh"), Chosen("")]
    rig.choose("en", 1)
    link.close()
    rig.turn()
    assert rig.heard[3:] == [Chosen("en"), Chosen("")]
    assert rig.choose("en", 1) == 400, "a stream that has ended has no say"
    assert events(rig.get("/live"), "stream") == [2]
    assert rig.driver.counters()["choices"] == 6


def test_of_two_pages_the_one_that_was_switched_last_counts(rig: Rig) -> None:
    """One that only looks changes nothing; one that goes back or goes away leaves the other's."""
    rig.page()
    rig.choose("en", 1)
    second = rig.page()
    rig.turn()
    assert rig.heard == [Chosen("en")]
    rig.choose("zh", 2)
    rig.choose("", 2)
    rig.choose("zh", 2)
    second.close()
    rig.turn()
    assert rig.heard[1:] == [Chosen("zh"), Chosen("en"), Chosen("zh"), Chosen("en")]


def test_a_page_that_is_switched_again_counts_again(rig: Rig) -> None:
    """The order is that of the switches, not that of the pages."""
    rig.page()
    rig.page()
    for language, stream in (("zh", 1), ("en", 2), ("en", 1), ("zh", 1)):
        rig.choose(language, stream)
    assert rig.heard == [Chosen("zh"), Chosen("en"), Chosen("zh")]


def test_a_page_that_reads_nothing_keeps_no_language(rig: Rig) -> None:
    """It is let go while screens are sent, and what it was switched to is forgotten with the next look."""
    rig.page()
    rig.choose("en", 1)
    rig.floods()
    rig.turn()
    assert rig.heard == [Chosen("en"), Chosen("")]
