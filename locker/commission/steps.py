"""What the dialogue of commissioning says and gets back: questions, findings and orders, as data.

| step | carried out by | comes back |
|---|---|---|
| ``Ask`` | the technician | the words typed |
| ``Tell``, ``ShowCode``, ``ShowChange`` | the terminal | None |
| ``Find``, ``FindPins`` | the bench, by questions alone | ``Search`` |
| ``Look``, ``AskLocks``, ``AwaitLevel`` | the bench | ``Levels``, a dict, a bool |
| ``Open`` | the bench, once, with the consent that it carries | ``Opened`` |
| ``FindScanner``, ``AwaitScan`` | the bench | ``ScannerSeen`` or None; the text read, or None |
| ``Save`` | the command | None |

A ``Place`` is a board's name and a channel. Levels are raw: 0 or 1 as on the wire, before anybody says which is shut.
Knows no board's protocol and no terminal; what is said in which language is in ``commission.*.po``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from locker.config import Board, Scanner

Values = Mapping[str, str | int]
"""What a sentence of ``commission.*.po`` is filled with."""
Expects = Literal["yes", "enter", "choice", "number", "text"]


class Place(NamedTuple):
    """One channel of one board."""

    board: str
    channel: int


class ConsentSpent(ValueError):
    """A consent was to be used for another place, or twice: a bug, and nothing was opened."""


class Consent:
    """The technician said yes to one pulse at one place. Made by ``asking.consent`` alone; good once."""

    __slots__ = ("_spent", "place")

    def __init__(self, place: Place) -> None:
        """Not used yet."""
        self.place, self._spent = place, False

    def spend(self, place: Place) -> None:
        """Use it. Raises ``ConsentSpent``."""
        if self._spent or place != self.place:
            raise ConsentSpent(f"consent for {self.place} used for {place}, spent: {self._spent}")
        self._spent = True


@dataclass(frozen=True, slots=True)
class Ask:
    """A question. ``place`` is set on the one question that a pulse follows; ``default`` is what Enter alone means."""

    key: str
    expects: Expects
    values: Values = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    default: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Tell:
    """A finding or a piece of advice."""

    key: str
    values: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ShowCode:
    """Draw this text as a QR code, to be held before the scanner."""

    text: str


@dataclass(frozen=True, slots=True)
class ShowChange:
    """The difference that saving would make, as lines."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A board: its configuration as far as it is known, and what else it said (``drivers.survey_kinds.Sighting``)."""

    board: Board
    locks: int
    version: str = ""
    pulse_ms: int | None = None
    state_bytes: int = 0
    unpaired: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found; ``noise``: bytes that were no frame; ``echoed``: the adapter hears itself."""

    found: tuple[Found, ...] = ()
    noise: int = 0
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Find:
    """Look for boards of a family on these ports."""

    family: str
    ports: tuple[str, ...]
    thorough: bool = False


@dataclass(frozen=True, slots=True)
class FindPins:
    """Take hold of the computer's own pins as these candidates say, one after the other, until one is read well."""

    candidates: tuple[Board, ...]


@dataclass(frozen=True, slots=True)
class Levels:
    """What every channel reads now; a channel is left out where nothing certain is known."""

    hooks: Mapping[Place, int]
    items: Mapping[Place, bool]
    silent: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """Read all doors until nothing changes."""

    boards: tuple[Board, ...]


@dataclass(frozen=True, slots=True)
class AskLocks:
    """Ask an 8A/80 board for these locks one by one, numbered from 1."""

    board: Board
    locks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AwaitLevel:
    """Wait until a channel reads this level."""

    boards: tuple[Board, ...]
    place: Place
    level: int
    wait_ms: int = 30_000


@dataclass(frozen=True, slots=True)
class Open:
    """One pulse at one place; then watch all doors."""

    boards: tuple[Board, ...]
    place: Place
    consent: Consent


@dataclass(frozen=True, slots=True)
class Opened:
    """What an opening did. ``moved``: each channel that changed, with the ms since the order and the level before."""

    sent: bool
    moved: Mapping[Place, tuple[int, int]]
    answer: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class FindScanner:
    """Look for a scanner of this kind on this port, at this rate; 0: at every rate."""

    kind: str
    port: str
    baud: int = 0


@dataclass(frozen=True, slots=True)
class ScannerSeen:
    """A scanner to listen to; ``answered``: it was found by its answer, not assumed."""

    scanner: Scanner
    answered: bool
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AwaitScan:
    """Wait until something is scanned."""

    scanner: Scanner
    wait_ms: int = 30_000


@dataclass(frozen=True, slots=True)
class Save:
    """Write this text as the configuration; ``aside``: beside it, as a draft that nobody uses."""

    text: str
    aside: bool = False


Step = (
    Ask
    | Tell
    | ShowCode
    | ShowChange
    | Find
    | FindPins
    | Look
    | AskLocks
    | AwaitLevel
    | Open
    | FindScanner
    | AwaitScan
    | Save
)
Reply = str | None | Search | Levels | dict[int, int | None] | bool | Opened | ScannerSeen


def moved(before: Levels, after: Levels) -> Sequence[Place]:
    """The channels that read otherwise now than before."""
    return sorted(place for place, level in after.hooks.items() if before.hooks.get(place, level) != level)
