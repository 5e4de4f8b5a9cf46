"""``locker commission``: walks a technician through a new cabinet, or one door of an old one, and writes its file.

Knows arguments, files and which of the two sites it works on: this computer's ports, or a simulated cabinet whose
wiring is drawn at random. What is asked and learnt is decided in ``locker.commission``, what is done by
``locker.workbench``. Ctrl-C, an end of input and "q" write nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from locker import clock
from locker.cli.commission_terminal import Terminal
from locker.commission.asking import ANSWER_MAX
from locker.commission.finding import FAMILIES
from locker.commission.steps import Ask, Save, ShowChange, ShowCode, Step, Tell
from locker.commission.wizard import Start, Wizard
from locker.config import Config, ConfigError, decode, load
from locker.store import read_claimed
from locker.workbench import Surroundings, Workbench

if TYPE_CHECKING:
    from locker.commission.steps import Reply
    from sim.commission_wiring import Drawn

DEFAULT = Path("/etc/locker/cabinet.toml")
TEMPLATES = (
    (Path(__file__).resolve().parents[2] / "config", "cabinet*.toml"),
    (DEFAULT.parent, "cabinet*.toml.example"),
)
_KERONG = ("kr-cu24", "kr-cu12", "kr-cu16", "kr-cu48", "kr-cu48b")
_RUNNING = (
    "locker commission: 控制程序正在运行,请先停下它:systemctl stop locker\n"
    "The controller is running; stop it first: systemctl stop locker ({why})"
)


class Partner(Protocol):
    """Who answers: a person at a terminal, or a simulated technician."""

    def told(self, step: Step) -> None:
        """Sees what is on the screen."""

    def answer(self, step: Ask) -> str:
        """Types an answer. Raises ``EOFError`` when there will be none."""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``locker commission``."""
    parser.add_argument("--config", type=Path, metavar="FILE", help=f"配置文件  the configuration (default: {DEFAULT})")
    parser.add_argument("--door", type=int, action="append", default=[], help="只重认这个门  only this door once more")
    parser.add_argument(
        "--port", action="append", default=[], help="只看这个口  look at this port only (several: repeat)"
    )
    parser.add_argument("--board", choices=FAMILIES, help="锁板型号  which lock boards")
    parser.add_argument(
        "--simulate", metavar="BOARD", help="在模拟柜上练习  on a simulated cabinet: cu16, cu24, cu48, ..."
    )
    parser.add_argument("--seed", type=int, default=1, help="模拟柜的接线  which wiring is drawn (default: 1)")
    parser.add_argument("--by-hand", action="store_true", help="模拟柜,自己回答  simulated, but you answer")


def run(args: argparse.Namespace) -> int:
    """0 saved, 1 not saved (or not the wiring that was drawn), 2 cannot be done now, 130 interrupted."""
    if args.simulate:
        return _simulated(args)
    path = args.config or DEFAULT
    try:
        start = _start(args, path)
        with _held(start.config):
            from locker.worksite import Worksite

            return _walk(start, Worksite(clock.now), Terminal(), path)
    except _Running as running:
        print(_RUNNING.format(why=running), file=sys.stderr)
        return 2


def _walk(start: Start, site: Surroundings, terminal: Terminal, path: Path) -> int:
    """A person at the terminal."""
    wizard = Wizard(start)
    bench = Workbench(start.config, site, terminal.progress)
    try:
        drive(wizard, bench, terminal, terminal, path)
    except (EOFError, KeyboardInterrupt):
        wizard.saved = False
        terminal.tell(Tell("ended"))
        return 130
    finally:
        bench.close()
    if not wizard.saved and wizard.quit:
        terminal.tell(Tell("ended"))
    return 0 if wizard.saved else 1


def drive(wizard: Wizard, bench: Workbench, terminal: Terminal, partner: Partner, path: Path | None) -> str:
    """From the first step to the last; returns the text that was saved, empty when nothing was."""
    reply: Reply = None
    saved = ""
    while (step := wizard.step(reply)) is not None:
        reply = None
        if isinstance(step, Ask):
            reply = _answered(terminal, partner, step)
        elif isinstance(step, Tell | ShowCode | ShowChange):
            terminal.tell(step)
            partner.told(step)
        elif isinstance(step, Save):
            saved = "" if step.aside else step.text
            if path is not None:
                write(path.with_name(path.name + ".draft") if step.aside else path, step.text)
        else:
            reply = bench.carry_out(step)
    return saved


def _answered(terminal: Terminal, partner: Partner, step: Ask) -> str:
    terminal.ask(step)
    words = partner.answer(step)[: 2 * ANSWER_MAX]
    if partner is not terminal:
        terminal.echo(words)
    return words


# --- files ------------------------------------------------------------------------------------------------


class _Running(Exception):
    """A controller holds this cabinet's database."""


@contextlib.contextmanager
def _held(config: Config) -> Iterator[None]:
    """No controller may run meanwhile, nor start. Raises ``_Running``."""
    from locker.assembly import AlreadyRunning, lock

    database = Path(config.store.path)
    if not database.parent.is_dir():
        yield
        return
    try:
        handle = lock(database)
    except AlreadyRunning as error:
        raise _Running(str(error)) from error
    with handle:
        yield


def _start(args: argparse.Namespace, path: Path) -> Start:
    """What is there before. Raises ``ConfigError`` or ``OSError``."""
    from locker.worksite import keyboards, serial_ports

    templates = commented()
    there = path.exists()
    text = path.read_text(encoding="utf-8") if there else templates.get("kr-cu24", "")
    fresh = not there or text in templates.values()
    if not there and (args.door or "kr-cu24" not in templates):
        raise FileNotFoundError(2, "没有配置文件 no configuration to begin with; give --config", str(path))
    config = load(path) if there else decode(text, str(path))
    unknown = [door for door in args.door if door not in {plan.door for plan in config.doors}]
    if unknown:
        raise ConfigError([f"{path}: --door {unknown[0]}: no such door; there are 1 to {len(config.doors)}"])
    ports = tuple(args.port) or serial_ports()
    return Start(
        config,
        text,
        fresh,
        str(path),
        ports=ports,
        scanner_ports=serial_ports(),
        keyboards=keyboards(),
        templates=templates,
        redo=tuple(args.door),
        claimed=read_claimed(Path(config.store.path)) if there else (),
        word=fresh_word(),
        family=args.board or "",
    )


def fresh_word() -> str:
    """What the test code says: nobody has it printed already."""
    return f"LOCKER TEST {clock.wall_ms() % 1_000_000_000:09d}"


def commented() -> dict[str, str]:
    """The commented configurations that lie about, by the kind of their first board; the first found of each counts."""
    found: dict[str, str] = {}
    for folder, pattern in TEMPLATES:
        for file in sorted(folder.glob(pattern)):
            with contextlib.suppress(OSError, UnicodeDecodeError, ConfigError):
                text = file.read_text(encoding="utf-8")
                found.setdefault(decode(text, str(file)).boards[0].kind, text)
    for kind in _KERONG:
        if "kr-cu24" in found:
            found.setdefault(kind, found["kr-cu24"])
    return found


def write(path: Path, text: str) -> None:
    """Replace the file in one step, and keep the one of before beside it, as ``.bak``. Raises ``OSError``."""
    fresh, old = path.with_name(path.name + ".new"), path.with_name(path.name + ".bak")
    before = path.stat() if path.exists() else None
    mode = stat.S_IMODE(before.st_mode) if before is not None else 0o640
    _write_whole(fresh, text.encode("utf-8"), mode)
    if before is not None:
        with contextlib.suppress(PermissionError):
            os.chown(fresh, before.st_uid, before.st_gid)
        _write_whole(old, path.read_bytes(), mode)
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write_whole(path: Path, data: bytes, mode: int) -> None:
    with path.open("wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


# --- the simulated cabinet ----------------------------------------------------------------------------------


def _simulated(args: argparse.Namespace) -> int:
    """A cabinet drawn from a seed; answered by a simulated technician, or by hand."""
    from sim.commission_bench import Practice, Technician, VirtualSite
    from sim.commission_wiring import FAMILIES as DRAWN
    from sim.commission_wiring import draw

    if args.simulate not in DRAWN:
        there = ", ".join(DRAWN)
        print(f"locker commission: 没有这种 no such board {args.simulate!r}; there is: {there}", file=sys.stderr)
        return 2
    drawn = draw(args.simulate, args.seed)
    start = _blank(str(args.config or "cabinet.toml"), drawn.ports)
    site, terminal = VirtualSite(drawn), Terminal()
    partner: Partner = Practice(site, terminal.typed) if args.by_hand else Technician(site)
    bench = Workbench(start.config, site)
    try:
        saved = drive(Wizard(start), bench, terminal, partner, args.config)
    except (EOFError, KeyboardInterrupt):
        terminal.tell(Tell("ended"))
        return 130
    finally:
        bench.close()
    if args.config is None and saved:
        print("  (模拟:没有写文件;要写就给 --config simulated: no file was written; --config FILE writes one)")
    return _compared(drawn, args.seed, saved)


def _blank(where: str, ports: tuple[str, ...]) -> Start:
    """A cabinet without a configuration."""
    templates = commented()
    text = templates["kr-cu24"]
    config = decode(text, where)
    return Start(config, text, True, where, ports, ports, templates=templates, word=fresh_word())


def _compared(drawn: Drawn, seed: int, saved: str) -> int:
    """Whether what was learnt is what was drawn."""
    from sim.commission_wiring import differences

    wrong = differences(drawn, decode(saved, "cabinet.toml")) if saved else ["没有保存 nothing was saved"]
    verdict = "不对 not right" if wrong else "学到的就是抽到的接线 the wiring that was drawn"
    print("\n".join([f"种子 seed {seed}: {verdict}", *wrong]))
    return 1 if wrong else 0
