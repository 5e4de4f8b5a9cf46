"""The controller on a machine whose clock can be moved: ``python -m sim.demo_machine CONFIG CLOCK``.

What ``locker run`` does, to the letter, with one thing handed in: the clock, and the id of the boot in which it runs.
A real machine's clock cannot be set back without root, and not for one process; so the demo's controller is given a
clock of its own. Must never hand in more.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from pathlib import Path

from locker.assembly import Program
from locker.config import load
from sim.demo_clock import DemoClock


def main() -> int:
    """Run the controller until SIGTERM; an error in a turn is logged and gives 1."""
    config, hands = map(Path, sys.argv[1:3])
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    machine = DemoClock(hands)
    program = Program(load(config), machine.now, machine.boot_id())
    gc.freeze()
    try:
        asyncio.run(program.run())
    except Exception:
        logging.getLogger("locker").exception("a turn failed; stopping so that the demo starts it anew")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
