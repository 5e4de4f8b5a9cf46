"""The kernel's pins: gpiozero's real lgpio factory and lgpio itself, over a chip that is only a notebook."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from drivers.gpio_kinds import NoPins, gpio_boards
from drivers.pins import PinError
from locker.model import BoardSilent, PortLost

lgpio_pins = pytest.importorskip("drivers.lgpio_pins", reason="lgpio has no wheel here", exc_type=ImportError)
lgpio = lgpio_pins.lgpio  # imported there and not here: wherever it is imported it leaves a pipe

ROOT = Path(__file__).resolve().parents[2]


class Listening:
    """What lgpio gives for a callback."""

    def __init__(self, edges: dict[int, Any], pin: int) -> None:
        self.edges, self.pin = edges, pin

    def cancel(self) -> None:
        """No more calls."""
        self.edges.pop(self.pin, None)


class Chip:
    """The kernel's side of lgpio's calls: each request with its level, as the driver of the chip would see it."""

    def __init__(self, label: str = "pinctrl-bcm2711") -> None:
        self.label = label
        self.calls: list[tuple[Any, ...]] = []
        self.outputs: dict[int, int] = {}
        self.busy: set[int] = set()
        self.edges: dict[int, Any] = {}

    def gpiochip_open(self, number: int) -> int:
        """A handle."""
        if number:
            raise lgpio.error("can not open gpiochip")
        return 77

    def gpiochip_close(self, handle: int) -> None:
        """Noted."""
        self.calls.append(("close",))

    def gpio_get_chip_info(self, handle: int) -> tuple[int, int, str, str]:
        """Status, lines, name, label."""
        return 0, 58, "gpiochip0", self.label

    def gpio_claim_input(self, handle: int, pin: int, flags: int = 0) -> int:
        """An input from now on."""
        if pin in self.busy:
            raise lgpio.error("GPIO busy")
        self.calls.append(("in", pin))
        self.outputs.pop(pin, None)
        return 0

    def gpio_claim_output(self, handle: int, pin: int, level: int = 0, flags: int = 0) -> int:
        """An output at this level, unless it is one already: then nothing happens, as in lgpio."""
        self.calls.append(("out", pin, level))
        self.outputs.setdefault(pin, level)
        return 0

    def gpio_write(self, handle: int, pin: int, level: int) -> int:
        """A level."""
        assert pin in self.outputs
        self.calls.append(("write", pin, level))
        self.outputs[pin] = level
        return 0

    def gpio_read(self, handle: int, pin: int) -> int:
        """Inputs are high."""
        return self.outputs.get(pin, 1)

    def gpio_get_mode(self, handle: int, pin: int) -> int:
        """Whether it is an output."""
        return 2 if pin in self.outputs else 0

    def gpio_free(self, handle: int, pin: int) -> int:
        """Noted."""
        self.calls.append(("free", pin))
        return 0

    def gpio_claim_alert(self, handle: int, pin: int, edges: int, flags: int = 0, notify: int = -1) -> int:
        """An input whose edges the kernel notes."""
        self.calls.append(("alert", pin, edges))
        return 0

    def callback(self, handle: int, pin: int, edges: int, func: Any) -> Any:
        """The library's thread would call this for each edge; ``cancel`` ends it."""
        self.edges[pin] = func
        return Listening(self.edges, pin)

    def tx_wave(self, handle: int, pin: int, pulses: list[Any]) -> int:
        """Noted."""
        self.calls.append(("wave", pin, [(p.group_bits, p.group_mask, p.pulse_delay) for p in pulses]))
        return 1


@pytest.fixture
def chip(monkeypatch: pytest.MonkeyPatch) -> Chip:
    """lgpio talks to a notebook, and the machine is a Raspberry Pi 3."""
    found = Chip()
    for name in dir(Chip):
        if not name.startswith("_"):
            monkeypatch.setattr(lgpio, name, getattr(found, name))
    monkeypatch.setattr("gpiozero.pins.local.get_pi_revision", lambda: 0xA02082)
    return found


@pytest.mark.parametrize("high", [False, True])
def test_an_output_has_its_level_from_the_first_moment(chip: Chip, high: bool) -> None:
    """One request has level and direction; nothing drives the pin at the other level before or after it."""
    pins = lgpio_pins.open_pins("/dev/gpiochip0")
    pins.output(17, high)
    assert chip.calls == [("in", 17), ("out", 17, int(high)), ("write", 17, int(high))]


def test_a_watched_input_keeps_the_edges_with_the_kernels_time(chip: Chip) -> None:
    """Claimed for alerts with both edges; each is kept with its time in seconds, once, the newest 64; none after."""
    pins = lgpio_pins.open_pins("/dev/gpiochip0")
    loop = pins.input(16, "up")
    loop.watch()
    assert ("alert", 16, lgpio.BOTH_EDGES) in chip.calls
    chip.edges[16](0, 16, 1, 1_500_000_000)
    chip.edges[16](0, 16, 0, 1_901_000_000)
    assert loop.edges() == [(1.5, True), (1.901, False)]
    assert loop.edges() == []
    for tick in range(200):
        chip.edges[16](0, 16, tick % 2, tick)
    assert len(loop.edges()) == 64
    pins.close()
    assert chip.edges == {}


def test_a_pulse_is_a_wave_of_the_library(chip: Chip) -> None:
    """The level for its time in microseconds, then the other one: nothing that our threads would have to do."""
    pins = lgpio_pins.open_pins("/dev/gpiochip0")
    enable = pins.output(5, True)
    enable.pulse(False, 500)
    assert chip.calls[-1] == ("wave", 5, [(0, 1, 500_000), (1, 1, 1000)])


def test_levels_are_written_and_read(chip: Chip) -> None:
    """Outputs and inputs, with one call each."""
    pins = lgpio_pins.open_pins("/dev/gpiochip0")
    lamp, switch = pins.output(22, False), pins.input(23, "up")
    chip.calls.clear()
    lamp.write(True)
    assert chip.calls == [("write", 22, 1)]
    assert lamp.high
    assert switch.high


def test_closing_makes_inputs_of_all_the_first_one_last(chip: Chip) -> None:
    """What has to stay off the longest was made first."""
    pins = lgpio_pins.open_pins("/dev/gpiochip0")
    pins.output(5, True)
    pins.output(22, False)
    chip.calls.clear()
    pins.close()
    order = list(dict.fromkeys(chip.calls))
    assert order == [("in", 22), ("in", 5), ("close",)]


def test_two_chips_do_not_share_their_pins(chip: Chip) -> None:
    """gpiozero keeps one table of pins for all local factories; here a closed one leaves the other's pins alone."""
    first, second = lgpio_pins.open_pins("/dev/gpiochip0"), lgpio_pins.open_pins("/dev/gpiochip0")
    first.output(17, True)
    second.output(17, True)
    first.close()
    chip.calls.clear()
    second.close()
    assert ("in", 17) in chip.calls


def test_what_lgpio_says_is_a_pin_error(chip: Chip) -> None:
    """A pin that somebody else has, a chip that is not there: named, with what to check."""
    pins = lgpio_pins.open_pins("/dev/gpiochip0")
    chip.busy.add(17)
    with pytest.raises(PinError, match="pin 17: 'GPIO busy'"):
        pins.output(17, True)
    with pytest.raises(PinError, match=r"/dev/gpiochip9: .*check the name and that this user is in the group gpio"):
        lgpio_pins.open_pins("/dev/gpiochip9")


@pytest.mark.parametrize(
    ("label", "module", "said", "stuck"),
    [
        ("pinctrl-bcm2711", "pinctrl_bcm2835", "Y\n", "keeps outputs on"),
        ("pinctrl-bcm2835", "pinctrl_bcm2835", "N\n", ""),
        ("pinctrl-rp1", "pinctrl_rp1", "Y\n", "keeps outputs on"),
        ("pinctrl-rp1", "pinctrl_rp1", "N\n", ""),
        ("pinctrl-rp1", "pinctrl_bcm2835", "N\n", "does not say"),
        ("pinctrl-bcm2711", "", "", "does not say"),
    ],
)
def test_whether_the_kernel_keeps_outputs(tmp_path: Path, label: str, module: str, said: str, stuck: str) -> None:
    """The module of this very chip is asked; one that says nothing is taken for one that keeps them."""
    if module:
        folder = tmp_path / module / "parameters"
        folder.mkdir(parents=True)
        (folder / "persist_gpio_outputs").write_text(said, encoding="ascii")
    found = lgpio_pins.stuck(label, tmp_path)
    assert stuck in found
    assert bool(found) == bool(stuck)


def test_importing_it_leaves_nothing_in_the_working_directory(tmp_path: Path) -> None:
    """lgpio makes a pipe where it stands, and fails where it may not: it is imported somewhere else.

    Neither the working directory nor LG_WD is another one afterwards.
    """
    for folder, mode in ((tmp_path / "open", 0o755), (tmp_path / "shut", 0o555)):
        folder.mkdir()
        folder.chmod(mode)
        code = "import os; from drivers import lgpio_pins; print(os.getcwd(), os.environ['LG_WD'])"
        environment = os.environ | {"PYTHONPATH": str(ROOT), "LG_WD": "/nowhere"}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert (done.stdout, done.stderr) == (f"{folder} /nowhere\n", "")
        assert list(folder.iterdir()) == []


def test_without_lgpio_there_is_no_second_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where lgpio cannot be imported the program does not start, and says what to install."""
    from gpio_rig import example

    monkeypatch.setitem(sys.modules, "drivers.lgpio_pins", None)
    monkeypatch.delattr("drivers.lgpio_pins", raising=False)
    with pytest.raises(NoPins, match="boards on pins work with no other library: install it"):
        gpio_boards(example("shift"))


def test_a_chip_that_is_not_there_is_told_by_the_board() -> None:
    """The real program with the real library, on a machine without this chip: the port is lost, nothing is raised."""
    from gpio_rig import at, example

    (board,) = gpio_boards(example("shift", port="/dev/gpiochip9"))
    silent, lost = board.refresh(at(1000))
    assert isinstance(silent, BoardSilent)
    assert isinstance(lost, PortLost)
    assert lost.why.startswith("/dev/gpiochip9: ")
    assert board.deadline_ms() == 2000


def test_gpiozero_is_imported_only_where_a_board_needs_it() -> None:
    """A cabinet with a lock board pays nothing for pins; one with pins has gpiozero and lgpio."""
    code = (
        "import sys; from pathlib import Path; from locker import assembly; from locker.config import load; "
        "assembly._drivers(load('{file}'), '', '', lambda: None); "
        "print([name in sys.modules for name in ('gpiozero', 'lgpio', 'drivers.gpio_board')])"
    )
    for file, there in (("cabinet", False), ("cabinet-pins", True)):
        path = ROOT / "config" / f"{file}.toml"
        done = subprocess.run(
            [sys.executable, "-c", code.format(file=path)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.stdout == f"{[there] * 3}\n", done.stderr


def test_gpiozeros_own_choice_is_never_asked(chip: Chip, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever GPIOZERO_PIN_FACTORY says, the pins are lgpio's, and gpiozero's global factory stays unset."""
    import gpiozero

    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "mock")
    pins = lgpio_pins.open_pins("/dev/gpiochip0")
    pins.output(17, True)
    assert ("out", 17, 1) in chip.calls
    assert gpiozero.Device.pin_factory is None
