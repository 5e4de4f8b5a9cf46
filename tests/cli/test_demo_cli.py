"""The demo's command: it ends cleanly however often it is told to."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable

import pytest


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_two_signals_end_it_once_and_without_a_traceback(
    start: Callable[..., subprocess.Popen[bytes]], number: signal.Signals
) -> None:
    """A terminal and make may both pass a signal on; the second must not break off the tidying up."""
    demo = start([sys.executable, "-m", "locker", "demo", "--seed", "1"], stdout=subprocess.PIPE)
    assert demo.stdout is not None
    said = ""
    while "http://127.0.0.1" not in said:
        line = demo.stdout.readline().decode()
        assert line, f"it ended before it said its address: {said}"
        said += line
    demo.send_signal(number)
    demo.send_signal(number)
    assert demo.wait(20) == 0
    said += demo.stdout.read().decode()
    demo.stdout.close()
    assert "Traceback" not in said
    assert "ended" in said
