"""The runner: real descriptors, real threads, real signals, around a service that only counts."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from locker.model import Now
from locker.notify import Notifier
from locker.runner import Runner
from locker.service import Service

ROOT = Path(__file__).resolve().parent.parent
QUIT_S = 20


class Pipe:
    """A device with a descriptor. ``got`` is what has been read."""

    def __init__(self) -> None:
        self.name, self.got = "pipe", b""
        self.read_end, self.write_end = os.pipe()
        os.set_blocking(self.read_end, False)
        self.there = True

    def fileno(self) -> int | None:
        """The descriptor, None while unplugged."""
        return self.read_end if self.there else None

    def refresh(self) -> None:
        """Read what has arrived."""
        if self.there:
            try:
                self.got += os.read(self.read_end, 100)
            except BlockingIOError:
                return

    def close(self) -> None:
        """Both ends."""
        for end in {self.read_end, self.write_end}:
            os.close(end)


@dataclass
class Counting:
    """A service that notes what it is asked. ``on_turn`` is called in each turn and may return the deadline."""

    on_turn: Callable[[Counting, Now], int | None] = lambda service, now: None
    drivers: list[Any] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    fail_start: bool = False
    over: bool = False

    def start(self, now: Now) -> None:
        """Noted."""
        self.story.append("start")
        if self.fail_start:
            raise OSError("disk full")

    def turn(self, now: Now) -> int | None:
        """Noted; devices are read."""
        self.story.append("turn")
        for driver in self.drivers:
            driver.refresh()
        return self.on_turn(self, now)

    def stop(self, now: Now) -> None:
        """Noted."""
        self.story.append("stop")

    def failed(self, now: Now, why: str) -> None:
        """Noted, with the last words."""
        self.story.append(f"let go: {why}")


def quit_now() -> None:
    """Ask this process to stop, as the service manager does."""
    os.kill(os.getpid(), signal.SIGTERM)


def run(service: Counting, beside: Callable[[Runner], None] = lambda runner: None) -> Runner:
    """Run it until it stops; ``beside`` is called first, in a thread."""
    runner = Runner(cast(Service, service), Notifier({}))

    async def main() -> None:
        thread = threading.Thread(target=beside, args=(runner,))
        thread.start()
        await asyncio.wait_for(runner.run(), QUIT_S)
        thread.join()

    asyncio.run(main())
    return runner


def test_a_readable_descriptor_makes_a_turn() -> None:
    """Bytes on a device's descriptor are read in a turn, without any deadline."""
    pipe = Pipe()

    def turned(service: Counting, now: Now) -> None:
        if len(service.story) == 2:
            os.write(pipe.write_end, b"hello")
        if pipe.got:
            quit_now()

    service = Counting(turned, [pipe])
    run(service)
    pipe.close()
    assert pipe.got == b"hello"
    assert service.story[:2] == ["start", "turn"]
    assert service.story[-1] == "stop"


def test_a_wake_from_another_thread_makes_a_turn() -> None:
    """As the MQTT library's thread does; many wakes before the turn make one."""
    turned, ready = threading.Event(), threading.Event()

    def on_turn(service: Counting, now: Now) -> None:
        if service.story.count("turn") == 1:
            ready.set()
        else:
            turned.set()
            quit_now()

    def beside(runner: Runner) -> None:
        assert ready.wait(QUIT_S)
        for _ in range(1000):
            runner.wake()
        assert turned.wait(QUIT_S)

    service = Counting(on_turn)
    run(service, beside)
    assert 2 <= service.story.count("turn") < 900


def test_a_deadline_makes_a_turn() -> None:
    """Each turn says when the next is due; one of the past is due at once."""

    def on_turn(service: Counting, now: Now) -> int | None:
        turns = service.story.count("turn")
        if turns == 6:
            quit_now()
        return now.ms + (5 if turns % 2 else -1000)

    service = Counting(on_turn)
    run(service)
    assert service.story.count("turn") >= 6


def test_an_error_in_a_turn_ends_the_program_with_every_device_let_go() -> None:
    """Nobody knows what is on the disk then: nothing more is written, the error goes up."""

    def on_turn(service: Counting, now: Now) -> int | None:
        if service.story.count("turn") == 3:
            raise OSError("the disk is gone")
        return now.ms

    service = Counting(on_turn)
    with pytest.raises(OSError, match="the disk is gone"):
        run(service)
    assert service.story == ["start", "turn", "turn", "turn", "let go: OSError: the disk is gone"]


def test_an_error_at_the_start_lets_go_as_well() -> None:
    """The first commit failed: no "stopped" is written over it."""
    service = Counting(fail_start=True)
    with pytest.raises(OSError, match="disk full"):
        run(service)
    assert service.story == ["start", "let go: OSError: disk full"]


def test_after_the_stop_nothing_turns_any_more() -> None:
    """A wake that comes late would open ports that were just let go."""

    def on_turn(service: Counting, now: Now) -> None:
        quit_now()

    service = Counting(on_turn)
    runner = Runner(cast(Service, service), Notifier({}))

    async def main() -> None:
        await runner.run()
        runner.wake()
        await asyncio.wait([asyncio.ensure_future(asyncio.to_thread(runner.wake))])
        done = asyncio.Event()
        asyncio.get_running_loop().call_soon(done.set)
        await done.wait()

    asyncio.run(main())
    assert service.story[-1] == "stop"


def test_a_descriptor_that_comes_and_goes_is_followed() -> None:
    """Unplugged: no more turns for it. Plugged in again: heard again."""
    pipe = Pipe()
    pipe.there = False

    def on_turn(service: Counting, now: Now) -> int | None:
        turns = service.story.count("turn")
        if turns == 1:
            os.write(pipe.write_end, b"x")
        pipe.there = turns >= 2
        if pipe.got:
            quit_now()
        return now.ms + 1 if turns == 1 else None

    service = Counting(on_turn, [pipe])
    run(service)
    pipe.close()
    assert pipe.got == b"x"


def test_a_descriptors_number_that_passes_to_another_device_is_heard() -> None:
    """One port closes and another opens under the same number within one turn: the new one is listened to."""
    one, two = Pipe(), Pipe()

    def on_turn(service: Counting, now: Now) -> None:
        if service.story.count("turn") == 1:
            runner_sees_one.append(one.read_end)
            service.on_turn = second
            os.write(one.write_end, b"x")

    def second(service: Counting, now: Now) -> None:
        number, one.there = one.read_end, False
        os.close(one.read_end)
        os.dup2(two.read_end, number)
        os.close(two.read_end)
        two.read_end, two.there = number, True
        service.on_turn = third
        os.write(two.write_end, b"hello")

    def third(service: Counting, now: Now) -> None:
        if two.got:
            quit_now()

    runner_sees_one: list[int] = []
    two.there = False
    service = Counting(on_turn, [one, two])
    run(service)
    two.close()
    os.close(one.write_end)
    assert two.got == b"hello"


CHILD = """
import asyncio, sys
sys.path[:0] = [{root!r}, {tests!r}]
from locker.notify import Notifier
from locker.runner import Runner
from test_runner import Counting
def on_turn(service, now):
    print("turn", flush=True)
service = Counting(on_turn)
asyncio.run(Runner(service, Notifier({{}})).run())
print(service.story[-1], flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_that_is_asked_to_stop_stops_in_order(number: signal.Signals) -> None:
    """SIGTERM as systemd sends it, Ctrl-C as a technician does: the service is stopped, and the exit is clean."""
    text = CHILD.format(root=str(ROOT), tests=str(Path(__file__).parent))
    with subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "turn\n"
        process.send_signal(number)
        out, _ = process.communicate(timeout=QUIT_S)
    assert (out.splitlines()[-1], process.returncode) == ("stop", 0)
