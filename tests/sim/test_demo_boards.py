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
from sim.demo_boards import BOARDS, DEFAULT
from sim.demo_site import FOR_PEOPLE, FOR_THE_DAY, Pace, Site
from sim.links import MemoryPort

SERIAL = [name for name in BOARDS if name in ("cu24", "cu16", "cu48", "cu48b")]


@pytest.mark.parametrize("board", SERIAL)
@pytest.mark.parametrize("pace", [FOR_PEOPLE, FOR_THE_DAY])
def test_each_board_is_a_cabinet_of_24_doors(tmp_path: Path, board: str, pace: Pace) -> None:
    """The decoder takes it; every door has a wire of its own; all boards are on the one link that can be unplugged."""
    site = Site(tmp_path, 1883, pace, 1, board)
    assert len({(door.board, door.channel) for door in site.config.doors}) == 24
    assert {one.port for one in site.config.boards} == {str(site.board_link)}
    assert not str(site.board_link).startswith(TCP)


@pytest.mark.parametrize("board", SERIAL)
def test_each_door_moves_its_own_leaf(tmp_path: Path, board: str) -> None:
    """Every one of the 24: ordered by its number, its leaf opens, its switch says so, and the journal names it."""
    site, body = Site(tmp_path, 1883, FOR_THE_DAY, 1, board), Body(24, 1)
    far = site.boards.far_side(body, site.pace.pulse_ms)
    port = MemoryPort(far)
    rig = Rig(Team(lock_boards(site.config, lambda config: port)), port)
    rig.run(5000, until=lambda: len(rig.told(DoorSeen)) == 24)
    for door in range(1, 25):
        rig.order(Pulse(door))
        rig.run(1500)
        assert rig.told(DoorSeen)[-1] == DoorSeen(door, True, fresh=True)
        assert body.pulses[-1].channel == door - 1 == far.unlocks[-1][1]
    assert body.breaches == [] and {pulse.pulse_ms for pulse in body.pulses} == {site.pace.pulse_ms}
    assert len(far.received) > 24


@pytest.mark.parametrize("board", SERIAL)
def test_replies_can_be_muted_whatever_the_board(tmp_path: Path, board: str) -> None:
    """As the trials want it, and back."""
    far = Site(tmp_path, 1883, FOR_THE_DAY, 1, board).boards.far_side(Body(24), 200)
    far.mute_replies = 7
    assert far.mute_replies == 7
    far.mute_replies = 0
    assert far.mute_replies == 0


def test_the_demo_has_a_kr_cu24_unless_told_otherwise() -> None:
    """The board that is recommended."""
    assert DEFAULT == "cu24"
