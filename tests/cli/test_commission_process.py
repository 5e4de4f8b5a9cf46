"""``locker commission`` as a technician runs it: a real process, a pseudo-terminal as the serial port, typed answers.

The board's far side and the hands at the doors are here, in real time; nothing of the program is replaced.
"""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from commission_rig import CONFIGS

from locker import clock
from locker.commission.phrases import Phrases
from locker.config import load
from sim.body import Body
from sim.kerong_cu24 import KerongBoard
from sim.pty_port import PtyPort
from sim.serial_server import SerialServer

DOORS = {1: 7, 2: 3}
"""The number on each door, and its channel."""
LIMIT_MS = 60_000


class Bench:
    """The process, its terminal, its board, and somebody who opens and shuts doors when asked."""

    def __init__(self, folder: Path, *words: str, tcp: bool = False) -> None:
        """A cabinet of two doors on a KR-CU24 with inverted switches, perhaps behind a serial server."""
        self.body = Body(24)
        for channel in set(range(24)) - set(DOORS.values()):
            self.body.jam(channel)
            self.body.stick_sensor(channel, closed=False)
        self.far = KerongBoard(self.body)
        self.far.closed_bit = 0
        self.begun_ms = clock.boot_ms()
        self.port = SerialServer(self.far) if tcp else PtyPort(folder / "usb-port0", self.far)
        self.url = self.port.url if isinstance(self.port, SerialServer) else str(self.port.link)
        self.config = folder / "cabinet.toml"
        command = [sys.executable, "-m", "locker", "commission", "--config", str(self.config), "--board", "cu24"]
        self.process = subprocess.Popen(
            [*command, "--port", self.url, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # as in a foreground
            env=os.environ | {"PYTHONPATH": str(CONFIGS.parent), "PYTHONUNBUFFERED": "1"},
        )
        self.said, self._seen = "", 0
        rows = Phrases().tables["zh"]
        self.questions = {key: re.compile(re.sub(r"\\\{\w+\\\}", ".*", re.escape(row))) for key, row in rows.items()}

    @property
    def ms(self) -> int:
        """Real time since the start."""
        return clock.boot_ms() - self.begun_ms

    def run(self, answers: dict[str, list[str]]) -> int:
        """Answer each question by its key, doing by hand what it asks; the exit code."""
        assert self.process.stdout is not None
        while self.ms < LIMIT_MS:
            waits = [self.process.stdout.fileno(), *self._wires()]
            due = self.port.deadline_ms()
            timeout = 0.2 if due is None else max(0, min(200, due - self.ms)) / 1000
            ready, _, _ = select.select(waits, [], [], timeout)
            self.port.pump(self.ms)
            if self.process.stdout.fileno() not in ready:
                continue
            data = os.read(self.process.stdout.fileno(), 65_536)
            if not data:
                return self.process.wait(timeout=10)
            self.said += data.decode("utf-8", errors="replace")
            self._watch()
            if self.said.endswith("> "):
                self._answer(answers)
        raise AssertionError(f"not over in {LIMIT_MS} ms:\n{self.said[-2000:]}")

    def _wires(self) -> list[int]:
        if isinstance(self.port, SerialServer):
            return self.port.filenos
        fd = self.port.fileno()
        return [] if fd is None else [fd]

    def _watch(self) -> None:
        """A door that shall be shut is shut."""
        fresh, self._seen = self.said[self._seen :], len(self.said)
        if "请把" in fresh and "关好……" in fresh:
            self._shut()

    def _answer(self, answers: dict[str, list[str]]) -> None:
        question = self.said[self.said.rindex("\n? ") :].splitlines()[1].removeprefix("? ")
        key = next(key for key, pattern in self.questions.items() if pattern.fullmatch(question))
        if key in ("all_shut", "shut_by_hand"):
            self._shut()
        elif key == "open_by_hand":
            self.body.force(DOORS[2], self.ms)
        words = self._number() if key == "which_door" else answers.get(key, [""])
        typed = words.pop(0) if len(words) > 1 else words[0]
        self.said += "\n"
        if typed == "^C":
            self.process.send_signal(signal.SIGINT)
            return
        assert self.process.stdin is not None
        self.process.stdin.write(f"{typed}\n".encode())
        self.process.stdin.flush()

    def _number(self) -> list[str]:
        return [str(door) for door, channel in DOORS.items() if not self.body.compartments[channel].shut]

    def _shut(self) -> None:
        for channel in DOORS.values():
            self.body.shut(channel, self.ms)

    def close(self) -> None:
        """End the process and the port."""
        self.process.kill()
        self.process.wait(timeout=10)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.port.close()


ANSWERS = {"how_many_doors": ["2"], "agree_talk": ["y"], "may_open": ["y"], "which_scanner": ["skip"], "save": ["y"]}


@pytest.mark.parametrize("tcp", [False, True], ids=["serial", "tcp"])
def test_two_doors_from_a_blank_cabinet_to_a_file_that_loads(tmp_path: Path, tcp: bool) -> None:
    """Typed answers make a file in which polarity, channels and port are the cabinet's own, whatever the port is."""
    bench = Bench(tmp_path, tcp=tcp)
    try:
        code = bench.run({key: list(words) for key, words in ANSWERS.items()})
    finally:
        bench.close()
    assert code == 0, bench.said[-3000:]
    config = load(bench.config)
    assert {door.door: door.channel for door in config.doors} == DOORS
    board = config.boards[0]
    assert board.port == bench.url
    assert board.closed_bit == 0
    assert [seen.channel for seen in bench.body.pulses] == sorted(DOORS.values())
    assert bench.body.breaches == []
    assert bench.config.read_text(encoding="utf-8").startswith("# 肖怡帮办柜的配置")


@pytest.mark.parametrize("where", ["boards_right", "may_open"])
def test_ctrl_c_writes_nothing(tmp_path: Path, where: str) -> None:
    """Whenever it comes: the exit code is 130, the last words say so, and there is no file, nor half of one."""
    bench = Bench(tmp_path)
    try:
        code = bench.run({**{key: list(words) for key, words in ANSWERS.items()}, where: ["^C"]})
    finally:
        bench.close()
    assert code == 130, bench.said[-2000:]
    assert "结束,什么也没写" in bench.said
    assert [path.name for path in tmp_path.iterdir() if path.name != "usb-port0"] == []
    assert not bench.body.pulses
