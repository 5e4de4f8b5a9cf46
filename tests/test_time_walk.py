"""The whole table of what time allows, walked: purpose x quality x age of the token x state of the ledger.

What is expected is computed from the tables in docs/time.md as they stand there, not from the code. Each case is a
whole cabinet with a real store, a clock of that quality, and somebody who holds the token to the scanner.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from stage import AUD, RESIDENTS, STAFF, Stage

from locker.authority.clock import RULES, forgets
from locker.authority.issue import issue
from locker.model import Purpose, Quality

PAGE = Path(__file__).parents[1] / "docs" / "time.md"
DAY_S, LEEWAY_S = 86_400, 120
NAMED = (Purpose.STAFF, Purpose.TECHNICIAN)
CTI, ORDER = hashlib.sha256(b"the token").digest()[:16], "A1"


# --- the documented tables ------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One row of the policy, as documented."""

    nbf: bool
    ahead_s: int | None
    life_s: int | None
    longer: str
    forgotten: bool


def table(mark: str) -> list[list[str]]:
    """The cells of the rows of the table behind a mark, with its heading."""
    text = PAGE.read_text(encoding="utf-8").split(f"<!-- {mark}:")[1].split(f"<!-- end of {mark} -->")[0]
    lines = [line for line in text.splitlines() if line.startswith("|") and not line.startswith("|-")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def seconds(cell: str) -> int | None:
    """ "120 s" is 120, "any" is None."""
    return None if cell == "any" else int(cell.removesuffix(" s"))


def policy() -> dict[tuple[Purpose, Quality], Row]:
    """Section 2 of the page."""
    heading, *rows = table("policy")
    assert heading == ["purpose", "quality", "nbf", "iat ahead", "life", "longer", "forgotten"]
    found = {}
    for purpose, quality, nbf, ahead, life, longer, forgotten in rows:
        key = Purpose[purpose.upper()], Quality(quality)
        assert key not in found, f"two rows for {key}"
        assert (nbf in ("judged", "-")) and forgotten in ("yes", "never")
        found[key] = Row(nbf == "judged", seconds(ahead), seconds(life), longer, forgotten == "yes")
    return found


def ledger() -> dict[str, dict[Purpose, str]]:
    """Section 3 of the page."""
    heading, *rows = table("ledger")
    purposes = [Purpose[name.upper()] for name in heading[1:]]
    return {state: dict(zip(purposes, cells, strict=True)) for state, *cells in rows}


POLICY, LEDGER = policy(), ledger()
UNKNOWN, HERE, CLAIMED, GONE, SPENT = LEDGER


def test_the_page_has_the_very_rows_of_the_code() -> None:
    """Row by row, none missing, none more; every purpose in every quality."""
    assert set(POLICY) == {(purpose, quality) for purpose in Purpose for quality in Quality} == set(RULES)
    for key, rule in RULES.items():
        longer = "-" if rule.proof is None else rule.proof.value
        assert POLICY[key] == Row(rule.nbf, rule.ahead_s, rule.life_s, longer, rule.forget), key
        assert (rule.life_s is None) == (rule.proof is None), "a limit and what goes beyond it belong together"


@pytest.mark.parametrize("quality", Quality)
def test_the_ledger_is_one_for_all_purposes(quality: Quality) -> None:
    """It forgets where the page says so for every purpose, and nowhere else."""
    assert {POLICY[purpose, quality].forgotten for purpose in Purpose} == {forgets(quality)}


# --- ages -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Age:
    """A token's times, in seconds from the time that the cabinet shows."""

    name: str
    iat: int
    exp: int
    nbf: int | None = None

    @property
    def life_s(self) -> int:
        """exp - iat."""
        return self.exp - self.iat


def ages(purpose: Purpose) -> list[Age]:
    """Every age worth telling apart. The seconds that holding a code to the scanner takes are left room for."""
    longest = 60 * DAY_S if purpose is Purpose.COLLECT else 7 * DAY_S
    return [
        Age("fresh", -60, 3540),
        Age("a day to live", -60, DAY_S - 60),
        Age("a second more than a day", -60, DAY_S - 59),
        Age("as long as may be", -60, longest - 60),
        Age("a booking ahead", -60, 3540, nbf=600),
        Age("a booking ahead within the leeway", -60, 3540, nbf=100),
        Age("a booking begun", -60, 3540, nbf=-30),
        Age("from the future within the leeway", 100, 3700),
        Age("from the future", 600, 4200),
        Age("from tomorrow", DAY_S - 60, DAY_S + 3540),
        Age("from the day after tomorrow", DAY_S + 600, DAY_S + 4200),
        Age("about to expire", -3590, 10),
        Age("expired within the leeway", -3700, -100),
        Age("a long one, expired within the leeway", -2 * DAY_S, -100),
        Age("dead", -3800, -LEEWAY_S),
        Age("long dead", -longest, -40 * 60),
    ]


# --- what is expected, by the page ----------------------------------------------------------------


def expected(purpose: Purpose, quality: Quality, age: Age, state: str, staffed: bool) -> str:
    """The outcome by the documented tables: "opens" or a refusal's name."""
    row = POLICY[purpose, quality]
    if age.exp + LEEWAY_S <= 0:
        return "expired"
    if row.nbf and age.nbf is not None and age.nbf > LEEWAY_S:
        return "not_yet_valid"
    if row.ahead_s is not None and age.iat > row.ahead_s:
        return "not_yet_valid"
    if row.life_s is not None and age.life_s > row.life_s:
        proven = {"order": state != UNKNOWN, "staff": staffed, "time": False}[row.longer]
        if not proven:
            return "clock_unsure"
    return LEDGER[state][purpose]


# --- the street -----------------------------------------------------------------------------------


class Scene(Stage):
    """A cabinet whose ledger and clock are brought into a state."""

    def show(
        self, purpose: Purpose, iat: int, exp: int, cti: bytes = CTI, nbf: int | None = None, door: int = 3
    ) -> int:
        """Hold the token to the scanner; the door that opens for it, 0 for none."""
        named = purpose in NAMED
        text = issue(
            key=STAFF if named else RESIDENTS,
            aud=AUD,
            purpose=purpose,
            iat=iat,
            exp=exp,
            cti=cti,
            nbf=nbf,
            order=b"" if named else ORDER.encode(),
            **({"sub": "somebody", "door": door} if named else {}),  # type: ignore[arg-type]
        )
        return self.scan(text)

    @property
    def shown_s(self) -> int:
        """The time that the cabinet shows."""
        return self.cabinet.weigh(self.now).wall_ms // 1000

    def passes(self, door: int, *buttons: str) -> None:
        """The door is opened and shut."""
        self.opens(door)
        self.shuts(door)
        for button in buttons:
            self.touch(button)
        self.wait(3000)

    def ledger(self, state: str, purpose: Purpose) -> int:
        """Bring the ledger into this state, in good time; the door that the token is bound to, 0 for none."""
        now_s = self.wall_ms // 1000
        if state == HERE or (purpose is Purpose.COLLECT and state != UNKNOWN):
            self.stored(ORDER)
        if state in (UNKNOWN, HERE):
            return 0
        door = self.show(purpose, now_s - 60, now_s + 3540)
        assert door, self.last("denied")
        if state == SPENT:
            self.passes(door, *(() if purpose in NAMED else ("done",)))
            return 0
        self.crash()
        if state == GONE:
            assert self.show(Purpose.STAFF, now_s - 60, now_s + 3540, b"t" * 16, door=door) == door
            self.passes(door, "took_out")
        return door

    def clock(self, quality: Quality) -> None:
        """Bring the clock into this quality."""
        if quality is Quality.HOLD:
            self.quality = Quality.FLOOR
        elif quality is not Quality.SYNCED:
            self.quality = quality
            self.wall_ms = 0 if quality is Quality.FLOOR else self.wall_ms
            self.reboot()
        self.wait(61_000)
        assert self.cabinet.weigh(self.now).quality is quality

    def staff(self) -> None:
        """Staff come to the cabinet."""
        assert self.show(Purpose.STAFF, self.shown_s - 60, self.shown_s + 3540, b"s" * 16, door=6) == 6
        self.passes(6)

    def outcome(self, purpose: Purpose, age: Age, bound: int) -> str:
        """What becomes of the token."""
        now_s, pulses = self.shown_s, len(self.pulses)
        nbf = None if age.nbf is None else now_s + age.nbf
        door = self.show(purpose, now_s + age.iat, now_s + age.exp, nbf=nbf)
        if not door:
            assert len(self.pulses) == pulses, "refused, and a door was pulsed"
            return str(self.last("denied")["reason"])
        assert self.pulses[pulses:] == [door]
        assert bound in (0, door), f"claimed for door {bound}, opens door {door}"
        return "opens"


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder whose syncs cost nothing, where there is one: a thousand cabinets are begun here."""
    shared = Path("/dev/shm")
    with TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else tmp_path) as folder:
        yield Path(folder)


def walk() -> Iterator[tuple[Purpose, Quality, str, bool]]:
    """Every purpose in every quality with every state of the ledger; beside staff and alone where that matters."""
    for (purpose, quality), row in POLICY.items():
        for state, outcomes in LEDGER.items():
            if outcomes[purpose] == "-" or (purpose in NAMED and state == HERE):
                continue
            for staffed in (False, True) if row.longer == "staff" else (False,):
                yield purpose, quality, state, staffed


@pytest.mark.parametrize(("purpose", "quality", "state", "staffed"), list(walk()))
def test_every_case_ends_as_the_page_says(
    purpose: Purpose, quality: Quality, state: str, staffed: bool, memory: Path
) -> None:
    """All ages, each on a cabinet of its own."""
    for number, age in enumerate(ages(purpose)):
        folder = memory / str(number)
        folder.mkdir()
        scene = Scene(folder)
        bound = scene.ledger(state, purpose)
        scene.clock(quality)
        if staffed:
            scene.staff()
        found = scene.outcome(purpose, age, bound)
        assert found == expected(purpose, quality, age, state, staffed), age.name
        scene.store.close()


def test_the_walk_is_whole() -> None:
    """It meets every outcome that the tables can give, so that no row is dead."""
    met = {
        expected(purpose, quality, age, state, staffed)
        for purpose, quality, state, staffed in walk()
        for age in ages(purpose)
    }
    assert met == {"opens", "expired", "not_yet_valid", "clock_unsure", "unknown_order", "spent"}
    assert sum(len(ages(purpose)) for purpose, _, _, _ in walk()) > 900
