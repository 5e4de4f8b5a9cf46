"""One commissioning from its first step to its last: a drawn cabinet, the bench, a technician, and a log of it all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from locker.commission.steps import Ask, Open, Place, Reply, Save, ShowChange, ShowCode, Step, Tell
from locker.commission.wizard import Start, Wizard
from locker.config import Config, decode
from locker.workbench import Workbench
from sim.commission_bench import Technician, VirtualSite
from sim.commission_wiring import Drawn, draw

CONFIGS = Path(__file__).resolve().parent.parent / "config"
WORD = "LOCKER TEST 4711"
KERONG = ("kr-cu12", "kr-cu16", "kr-cu48", "kr-cu48b")


def templates() -> dict[str, str]:
    """The commented configurations by the kind of their board."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(CONFIGS.glob("cabinet*.toml"))]
    found = {decode(text, "template").boards[0].kind: text for text in texts}
    return found | dict.fromkeys(KERONG, found["kr-cu24"])


TEMPLATES = templates()
BLANK = TEMPLATES["kr-cu24"]


def a_start(drawn: Drawn, text: str = "", redo: tuple[int, ...] = (), claimed: tuple[int, ...] = ()) -> Start:
    """A cabinet without a configuration, or with this one."""
    whole = text or BLANK
    return Start(
        decode(whole, "cabinet.toml"),
        whole,
        not text,
        "cabinet.toml",
        drawn.ports,
        drawn.ports,
        templates=TEMPLATES,
        redo=redo,
        claimed=claimed,
        word=WORD,
    )


@dataclass
class Walk:
    """What was asked, told and ordered, in order; ``saved`` is the text, empty when nothing was saved."""

    drawn: Drawn
    site: VirtualSite
    technician: Technician
    wizard: Wizard
    bench: Workbench
    log: list[tuple[Step, Reply]] = field(default_factory=list)
    saved: str = ""

    def run(self, answer: Callable[[Ask], str] | None = None) -> Walk:
        """To the end; answered by the technician, or by whoever is given."""
        reply: Reply = None
        try:
            while (step := self.wizard.step(reply)) is not None:
                reply = self._reply(step, answer or self.technician.answer)
                self.log.append((step, reply))
        finally:
            self.bench.close()
        return self

    def _reply(self, step: Step, answer: Callable[[Ask], str]) -> Reply:
        if isinstance(step, Ask):
            return answer(step)
        if isinstance(step, Tell | ShowCode | ShowChange):
            self.technician.told(step)
            return None
        if isinstance(step, Save):
            self.saved = "" if step.aside else step.text
            return None
        return self.bench.carry_out(step)

    def told(self, key: str) -> list[Tell]:
        """Every finding with this key."""
        return [step for step, _ in self.log if isinstance(step, Tell) and step.key == key]

    def asked(self, key: str) -> list[Ask]:
        """Every question with this key."""
        return [step for step, _ in self.log if isinstance(step, Ask) and step.key == key]

    def consents(self) -> list[Place]:
        """The places that were agreed to, in order."""
        yes = ("y", "yes", "是", "好", "对", "可以", "1")
        return [
            step.place
            for step, reply in self.log
            if isinstance(step, Ask) and step.place is not None and str(reply).strip().lower() in yes
        ]

    def opened(self) -> list[Place]:
        """The places that were ordered to open, in order."""
        return [step.place for step, _ in self.log if isinstance(step, Open)]

    @property
    def config(self) -> Config:
        """What was saved."""
        return decode(self.saved, "cabinet.toml")


def a_walk(
    family: str = "cu24",
    seed: int = 1,
    careless: int | None = None,
    text: str = "",
    redo: tuple[int, ...] = (),
    drawn: Drawn | None = None,
    claimed: tuple[int, ...] = (),
) -> Walk:
    """A commissioning that has not begun."""
    there = drawn or draw(family, seed)
    site = VirtualSite(there)
    start = a_start(there, text, redo, claimed)
    return Walk(there, site, Technician(site, careless), Wizard(start), Workbench(start.config, site))
