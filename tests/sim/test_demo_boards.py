"""The boards that the demo may have: each is a good configuration, and its wires lead where the configuration says."""

from __future__ import annotations

from pathlib import Path

import pytest
from board_rig import Team
from rig import Rig

from drivers.lock_boards import lock_boards
from locker.config_checks import TCP
from locker.model import DoorSeen, Pulse
from sim.body import Body
from sim.demo_boards import DEFAULT, KINDS, LINES, WIRINGS, FarBoards, boards
from sim.demo_site import FOR_PEOPLE, FOR_THE_DAY, Pace, Site
from sim.links import FaultyWire, MemoryPort

WIRED = [(kind, "") for kind in KINDS] + [
    (kind, word) for kind, groups in WIRINGS.items() for group in groups for word in group[1:] if word != "base-1"
]
"""Every kind as it comes, and with each single thing otherwise."""
WIRED += [
    ("8a", "short-on-open,low-first,push82,echo"),
    ("modbus", "eletechsup,base-1"),
    ("modbus", "eletechsup,discrete,echo"),
]


def far_side(site: Site, body: Body) -> FarBoards:
    """What is behind a line."""
    assert site.boards.far_side is not None
    return site.boards.far_side(body, site.pace.pulse_ms)


@pytest.mark.parametrize(("kind", "wiring"), WIRED)
@pytest.mark.parametrize("pace", [FOR_PEOPLE, FOR_THE_DAY])
def test_each_board_is_a_cabinet_of_24_doors(tmp_path: Path, kind: str, wiring: str, pace: Pace) -> None:
    """The decoder takes it; every door has a wire of its own; all boards are on the one link that can be unplugged."""
    site = Site(tmp_path, 1883, pace, 1, kind, wiring)
    assert len({(door.board, door.channel) for door in site.config.doors}) == 24
    assert {one.port for one in site.config.boards} == {site.board_port}
    assert site.board_port.startswith(TCP) is ("tcp" in wiring) and site.on_pins is (kind not in LINES)


@pytest.mark.parametrize(("kind", "wiring"), [(kind, wiring) for kind, wiring in WIRED if kind in LINES])
def test_each_door_moves_its_own_leaf(tmp_path: Path, kind: str, wiring: str) -> None:
    """Every one of the 24: ordered by its number, its leaf opens, its switch says so, and the journal names it."""
    site, body = Site(tmp_path, 1883, FOR_THE_DAY, 1, kind, wiring), Body(24, 1)
    far = far_side(site, body)
    port = MemoryPort(FaultyWire(far, echo=True) if site.boards.echoes else far)
    rig = Rig(Team(lock_boards(site.config, lambda config: port)), port)
    rig.run(5000, until=lambda: len(rig.told(DoorSeen)) == 24)
    for door in range(1, 25):
        rig.order(Pulse(door))
        rig.run(2000)
        assert rig.told(DoorSeen)[-1] == DoorSeen(door, True, fresh=True)
        assert body.pulses[-1].channel == door - 1 == far.unlocks[-1][1]
    assert body.breaches == [] and {pulse.pulse_ms for pulse in body.pulses} == {site.pace.pulse_ms}
    assert len(far.received) > 24


@pytest.mark.parametrize("kind", LINES)
def test_replies_can_be_muted_whatever_the_board(tmp_path: Path, kind: str) -> None:
    """As the trials want it, and back."""
    far = far_side(Site(tmp_path, 1883, FOR_THE_DAY, 1, kind), Body(24))
    far.mute_replies = 7
    assert far.mute_replies == 7
    far.mute_replies = 0
    assert far.mute_replies == 0


@pytest.mark.parametrize(
    ("kind", "wiring", "said"),
    [
        ("cu99", "", "there is: cu24"),
        ("cu24", "push82", "no wiring push82; there is: short-on-locked | short-on-open"),
        ("8a", "push81,push82", "only one of push81, push82"),
        ("modbus", "base-1", "only an eletechsup"),
        ("shift", "tcp", "no wiring tcp"),
    ],
)
def test_a_board_or_wiring_that_there_is_not_is_refused_with_those_that_there_are(
    kind: str, wiring: str, said: str
) -> None:
    """One sentence, before anything starts."""
    with pytest.raises(ValueError, match=said.replace("|", "\\|")):
        boards(kind, wiring)


def test_a_slow_board_gets_the_waits_that_it_needs_and_a_limit_that_it_can_reach(tmp_path: Path) -> None:
    """An 8A/80 answers an unlock after a second; an Eletechsup's pulse is one: no pace may be faster than that."""
    eight = Site(tmp_path / "a", 1883, FOR_THE_DAY, 1, "8a").pace
    relays = Site(tmp_path / "b", 1883, FOR_THE_DAY, 1, "modbus", "eletechsup").pace
    assert eight.open_wait_ms > eight.pulse_ms + 1500 and eight.doors_max * 2000 < 60_000
    assert relays.pulse_ms == 1000 <= relays.cooldown_ms <= relays.rest_ms < relays.open_wait_ms
    assert Site(tmp_path / "c", 1883, FOR_THE_DAY, 1).pace == FOR_THE_DAY


@pytest.mark.parametrize(("kind", "wiring"), WIRED)
def test_people_hold_a_door_open_for_as_long_as_the_board_needs_to_see_it(kind: str, wiring: str) -> None:
    """Found by the day on Modbus (seed 23): shut after 140 ms on a busy machine, a door had never been open.

    400 ms is what every cabinet promises; an 8A/80 is not asked before it has answered the unlock, unless it is one
    that answers meanwhile.
    """
    needed_ms = 1000 if kind == "8a" and not {"answer-200ms", "asks"} & set(wiring.split(",")) else 0
    assert boards(kind, wiring).hand_ms >= needed_ms + 400


def test_the_demo_has_a_kr_cu24_unless_told_otherwise() -> None:
    """The board that is recommended."""
    assert DEFAULT == "cu24"
