"""Each flow of residents and staff at the real controller's page, in two opposite looks, each counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from eighty import told
from kiosk_window import chromium, window
from looks import EVERY_PAIR, Look, assigned, opposites
from resident import Resident, demo_in, turns_to
from resident_flows import FLOWS, collects_with_digits, drops_off
from staff_flows import AGED_FLOWS, IMPATIENT, STAFF_FLOWS, aged
from staff_troubles import walks_away

from sim.day_people import Person
from sim.demo import Demo
from sim.demo_page import application
from sim.demo_serve import PageServer

pytestmark = [pytest.mark.debian("chromium", "fonts-noto-cjk"), pytest.mark.timeout(240)]
STEPS_MAX = 3
Flow = Callable[[Resident], object]
LOOKS: dict[Flow, tuple[Look, Look]] = {
    flow: looks
    for flows in (FLOWS, STAFF_FLOWS + AGED_FLOWS)
    for flow, looks in zip(flows, assigned(len(flows)), strict=True)
}
"""In which two looks each flow is walked; residents and staff are covered each by themselves."""


def walks(*flows: Flow) -> list[Any]:
    """Each of these flows in both of its looks: those by day first, so that it becomes night only once."""
    found = sorted(((look, flow) for flow in flows for look in LOOKS[flow]), key=lambda walk: walk[0].night)
    return [pytest.param(flow, look, id=f"{flow.__name__}-{look}") for look, flow in found]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One Chromium for all tests here."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module", autouse=True)
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Another one, to which nobody came for nine days; made first, so that it has found out when it is needed."""
    found = demo_in(tmp_path_factory.mktemp("old"), IMPATIENT)
    aged(found)
    yield found
    found.close()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A running cabinet."""
    found = demo_in(tmp_path_factory.mktemp("kiosk"))
    yield found
    found.close()


@pytest.mark.parametrize(("flow", "look"), walks(*FLOWS, *STAFF_FLOWS))
def test_everybody_gets_through(demo: Demo, browser: Any, flow: Flow, look: Look) -> None:
    """It ends at the idle screen; each screen on the way is whole and as asked for; it takes what the table says."""
    walk(demo, browser, flow, look)


@pytest.mark.parametrize(("flow", "look"), walks(*AGED_FLOWS))
def test_nine_days_later_staff_get_through_as_well(old: Demo, browser: Any, flow: Flow, look: Look) -> None:
    """The same in the cabinet to which nobody came."""
    walk(old, browser, flow, look)


def test_a_duty_that_is_left_alone_ends_by_itself(old: Demo, browser: Any) -> None:
    """In one look, for it takes as long as that takes; the warning is measured in all of them in test_kiosk_time."""
    walk(old, browser, walks_away, Look(night=True, by_keyboard=True, english=True, large=True, size="small"))


def walk(demo: Demo, browser: Any, flow: Flow, look: Look) -> None:
    """Walk a flow in a look."""
    turns_to(demo, night=look.night)
    demo.ready()
    Person(demo).begin()
    with window(browser, demo.site.kiosk_url, look.size) as glass:
        person = Resident(demo, glass, look.by_keyboard, look)
        flow(person)
        assert person.complaints == []
        assert person.faults == {}
        count, (steps, touches, words) = person.count, told()[flow.__doc__ or ""]
        assert (count.steps, count.touches) == (steps, touches), "make eighty"
        assert look.english or count.words == words, "make eighty"


@pytest.mark.parametrize("flows", [FLOWS, STAFF_FLOWS + AGED_FLOWS], ids=["residents", "staff"])
def test_every_two_values_of_a_look_meet(flows: tuple[Flow, ...]) -> None:
    """Keyboard and night, English and the tall display, ...: each two in some flow; and each flow has its opposites."""
    looks = [look for flow in flows for look in LOOKS[flow]]
    assert frozenset().union(*(look.pairs for look in looks)) == EVERY_PAIR
    for flow in flows:
        one, other = LOOKS[flow]
        assert other in opposites(one)


def test_staff_type_a_doors_number(demo: Demo, browser: Any) -> None:
    """With a keyboard the number and enter choose a door of the list, without looking for it."""
    with window(browser, demo.site.kiosk_url, "small") as glass:
        staff = Resident(demo, glass, by_keyboard=True)
        staff.sees("idle")
        staff.holds(demo.issuer.badge())
        staff.sees("duty_menu")
        assert "staff-07" not in glass.page.locator("body").inner_text()
        staff.presses("service")
        staff.sees("duty_service")
        glass.page.keyboard.type("17")
        glass.page.keyboard.press("Enter")
        staff.sees("duty_why_service", door=17)
        for button in ("back", "finish"):
            staff.presses(button)
        staff.sees("idle")


def test_the_demo_shows_this_very_page(demo: Demo, browser: Any) -> None:
    """In the demo's own page, framed: the start, the keypad at a touch, and no breach of either page's policy."""
    server = PageServer(application(demo)).start()
    try:
        with window(browser, server.url, "landscape") as glass:
            glass.page.wait_for_selector("body[data-ready]")
            glass.page.locator("#real").click()
            framed = glass.page.frame_locator("#glass iframe")
            framed.locator('[data-key="keypad"]').click()
            framed.locator('[data-key="key-7"]').click()
            assert "7" in framed.locator(".entry").inner_text()
            framed.locator('[data-key="back"]').click()
            assert glass.complaints == []
    finally:
        server.close()


def test_collecting_by_code_takes_three_steps_after_the_first_touch(demo: Demo, browser: Any) -> None:
    """Type the code, take it out, shut the door: the person whom the machine asked for WeChat gets through without."""
    with window(browser, demo.site.kiosk_url, "small") as glass:
        resident = Resident(demo, glass)
        collects_with_digits(resident)
        assert resident.count.after_first_touch <= STEPS_MAX


def test_the_page_survives_the_controller(demo: Demo, browser: Any) -> None:
    """kill -9: the page says that it is a moment, keeps the language, and is back by itself; the next flow works."""
    with window(browser, demo.site.kiosk_url, "landscape") as glass:
        resident = Resident(demo, glass)
        resident.sees("idle")
        glass.touch("language")
        demo.controller.kill(back=False)
        glass.waits_for("away")
        assert "One moment" in glass.page.locator("h1").inner_text()
        assert glass.faults() == []
        glass.touch("language")
        assert glass.page.locator("h1").inner_text() == "请稍等"
        demo.controller.power_on()
        glass.waits_for("idle")
        demo.ready()
        drops_off(resident)


def test_the_page_waits_for_a_door_that_was_open_in_a_power_cut(demo: Demo, browser: Any) -> None:
    """Cut off with the door open: after the start the page says which door is still open, and the deposit counts."""
    with window(browser, demo.site.kiosk_url, "landscape") as glass:
        resident = Resident(demo, glass, by_keyboard=True)
        resident.sees("idle")
        resident.holds(demo.issuer.deposit("S"))
        resident.sees("open_deposit")
        door = int(glass.page.locator(".door[data-lit]").get_attribute("data-door") or 0)
        resident.puts_in(door)
        demo.controller.kill()
        resident.sees("unfinished", door=door)
        resident.shuts(door)
        resident.sees("deposited")
        resident.presses("done")
        resident.sees("idle")
