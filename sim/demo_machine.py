"""The controller on a machine whose clock can be moved: ``python -m sim.demo_machine CONFIG CLOCK [PINS]``.

What ``locker run`` does, to the letter, with two things handed in: the clock with the id of the boot in which it runs,
and, for boards on a computer's own pins, those pins (``sim.demo_pins``; ``PINS`` is the harness's folder). A real
machine's clock cannot be set back without root, and not for one process, and few machines have a header; so the demo's
controller is given both. Must never hand in more.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from locker.assembly import Program
from locker.config import Config, load
from locker.model import Driver
from locker.power import EXIT_POWER_OFF
from sim.demo_clock import DemoClock
from sim.demo_parts import FOLDER


def main() -> int:
    """Run the controller until SIGTERM; an error in a turn is logged and gives 1."""
    config, hands, *harness = map(Path, sys.argv[1:4])
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    machine = DemoClock(hands)
    boards = _on_pins(harness[0]) if harness else None
    program = Program(load(config), machine.now, machine.boot_id(), boards, _parts(config.parent / FOLDER))
    gc.freeze()
    try:
        asyncio.run(program.run())
    except Exception:
        logging.getLogger("locker").exception("a turn failed; stopping so that the demo starts it anew")
        return 1
    return EXIT_POWER_OFF if program.service.over else 0


def _on_pins(harness: Path) -> Callable[[Config], list[Driver]]:
    """Boards on pins, brought along only where there are some."""
    from sim.demo_pins import demo_boards_on_pins

    return partial(demo_boards_on_pins, folder=harness)


def _parts(folder: Path) -> Callable[[Config, Callable[[], None]], list[Driver]] | None:
    """The parts beside the doors on simulated pins, where the demo has some."""
    if not folder.is_dir():
        return None
    from sim.demo_part_pins import demo_parts

    return partial(demo_parts, folder=folder)


if __name__ == "__main__":
    sys.exit(main())
