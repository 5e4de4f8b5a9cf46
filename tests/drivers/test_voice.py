"""The voice's decisions, with pretended processes: what is rendered and played, when it is cut off, when silent."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from drivers.voice import PLAY_MS_MAX, RENDER_MS_MAX, RETRY_MS, VoiceDriver
from drivers.voice_sounds import VOICES, chime
from locker.config_hours import Voice
from locker.model import Attend, Event, Now, PortBack, PortLost, Show, Switch

OPEN = Show("open_deposit", 1, 7)
LEFT_OPEN = Show("left_open", 2, 7)
SAID = {
    "open_deposit": [("zh", "七号门开了"), ("zh", "左边"), ("zh", "请放进材料")],
    "left_open": [("zh", "七号门还没有关")],
    "deposited": [("zh", "收好了"), ("en", "All done")],
}


class Pretended:
    """A process that ends when the test says so."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command, self.killed = list(command), False
        self.code: int | None = None
        self._end = os.eventfd(0)

    def fileno(self) -> int | None:
        """What the kernel would tell its end by."""
        return self._end

    def poll(self) -> int | None:
        """Its exit code, once it has one."""
        if self.code is not None:
            os.close(self._end)
        return self.code

    def kill(self) -> None:
        """It is no more."""
        self.killed = True
        os.close(self._end)


class Room:
    """A driver, its machine and a clock; ``started`` is every process in order, ``told`` every event."""

    def __init__(self, folder: Path, *, percent: int = 80, cards: int = 1, lacking: str = "") -> None:
        self.folder, self.percent, self.lacking = folder / "cache", percent, lacking
        self.started: list[Pretended] = []
        self.told: list[Event] = []
        self.ms = 1000
        self.cards = folder / "snd"
        self.cards.mkdir()
        self.plug(cards)
        self.voice = Voice(folder=str(self.folder), chime_ms=4000)
        self.driver = VoiceDriver(
            self.voice,
            lambda show: SAID.get(show.name, []),
            lambda now: self.percent,
            spawn=self.spawn,
            which=lambda name: None if name == self.lacking else f"/usr/bin/{name}",
            cards=self.cards,
        )
        self.turn()

    def plug(self, cards: int) -> None:
        """So many sound cards."""
        for card in range(cards):
            (self.cards / f"pcmC{card}D0p").touch()

    def spawn(self, command: Sequence[str]) -> Pretended:
        """Start a process."""
        assert not any(child.code is None and not child.killed for child in self.started), "two sounds at a time"
        self.started.append(Pretended(command))
        return self.started[-1]

    @property
    def now(self) -> Now:
        return Now(self.ms, 1_790_000_000_000 + self.ms)

    def turn(self) -> None:
        """One turn, now."""
        self.told += self.driver.refresh(self.now)

    def show(self, show: Show) -> None:
        """A new screen."""
        self.driver.perform(show, self.now)
        self.turn()

    def ends(self, code: int = 0, ms: int = 50) -> None:
        """The process that runs comes to its end; a renderer leaves its file."""
        child = self.started[-1]
        if child.command[0].endswith("espeak-ng") and code == 0:
            Path(child.command[child.command.index("-w") + 1]).write_bytes(bytes(20_000))
        child.code = code
        self.ms += ms
        self.turn()

    def wait(self, ms: int) -> None:
        """Time passes from deadline to deadline."""
        end = self.ms + ms
        while (due := self.driver.deadline_ms()) is not None and due <= end:
            assert due > self.ms or due == 0, "a deadline that does not move"
            self.ms = due
            self.turn()
            if self.started and self.started[-1].code is None and self.plays("chime"):
                self.ends(ms=0)
        self.ms = end

    def plays(self, what: str = "") -> bool:
        """Whether the newest process plays files, of such a name."""
        command = self.started[-1].command
        return command[0].endswith("aplay") and all(what in Path(path).name for path in command[4:])

    def spoken(self) -> None:
        """The prompt is rendered where it was not, and played to its end."""
        while not self.plays():
            self.ends()
        self.ends(ms=2000)

    @property
    def rendered(self) -> list[str]:
        """The texts that were rendered so far."""
        return [child.command[-1] for child in self.started if child.command[0].endswith("espeak-ng")]


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """A machine with a card and both programs."""
    return Room(tmp_path)


def test_each_sentence_is_rendered_once_and_all_are_played_in_one_go(room: Room) -> None:
    """One process after the other, the sentences in order; the second time there is nothing to render."""
    room.show(OPEN)
    assert room.started[0].command[:3] == ["/usr/bin/espeak-ng", "-v", VOICES["zh"]]
    room.spoken()
    assert room.rendered == ["七号门开了", "左边", "请放进材料"]
    played = room.started[-1].command
    assert played[:4] == ["/usr/bin/aplay", "-q", "-D", "default"] and len(played) == 7
    assert [Path(path).exists() for path in played[4:]] == [True] * 3
    room.show(Show("idle", 2))
    room.show(Show("open_deposit", 3, 7))
    assert len(room.rendered) == 3 and room.started[-1].command == played
    assert list(room.folder.glob("*.part")) == []


def test_the_same_screen_again_says_nothing_new(room: Room) -> None:
    """A screen that is sent again under its number (a receipt arrives, the invitation is renewed) is not repeated."""
    room.show(OPEN)
    room.spoken()
    count = len(room.started)
    room.show(Show("open_deposit", 1, 7, receipt="LKR1:X"))
    assert len(room.started) == count
    room.show(Show("open_deposit", 1, 7, reason="nothing_free"))
    assert len(room.started) == count + 1, "a reason is news"


def test_the_same_screen_in_another_language_is_said_anew(room: Room) -> None:
    """Somebody has switched the page: what is being said is cut off, and the prompt begins again."""
    room.show(OPEN)
    room.spoken()
    room.show(Show("open_deposit", 1, 7, language="en"))
    playing = room.started[-1]
    room.show(Show("open_deposit", 1, 7, language="en", receipt="LKR1:X"))
    assert room.started[-1] is playing and not playing.killed
    room.show(Show("open_deposit", 1, 7, language="zh"))
    assert playing.killed and room.driver.counters()["cut"] == 1


def test_the_newest_prompt_wins(room: Room) -> None:
    """What is being played is cut off by its own id; what is being rendered is finished, and not played."""
    room.show(OPEN)
    room.spoken()
    room.show(Show("open_deposit", 5, 7))
    playing = room.started[-1]
    room.show(Show("deposited", 6, 7))
    assert playing.killed
    rendering = room.started[-1]
    room.show(LEFT_OPEN)
    assert not rendering.killed
    room.ends()
    room.spoken()
    assert len(room.started[-1].command) == 5, "one sentence: the door that was left open"
    assert room.driver.counters()["cut"] == 1


def test_it_sounds_until_the_screen_says_that_the_door_is_shut(room: Room) -> None:
    """The words once, then the gentle sound every four seconds; with the next screen it is over."""
    room.show(LEFT_OPEN)
    room.spoken()
    room.wait(21_000)
    assert room.driver.counters()["chimes"] == 5
    assert Path(room.started[-1].command[4]).read_bytes() == chime(80)
    room.show(Show("deposited", 3, 7))
    room.spoken()
    room.wait(60_000)
    assert room.driver.counters()["chimes"] == 5
    assert room.driver.deadline_ms() is None


def test_in_quiet_hours_nothing_is_rendered_or_played(tmp_path: Path) -> None:
    """Neither words nor the sound of an open door; when the hours are over, the sound comes by itself."""
    room = Room(tmp_path, percent=0)
    room.show(OPEN)
    room.show(LEFT_OPEN)
    room.wait(60_000)
    assert room.started == [] and room.told == []
    assert room.driver.counters()["quiet"] == 2
    room.percent = 40
    room.wait(4000)
    assert room.plays("chime-40")


def test_another_volume_is_another_sound(room: Room) -> None:
    """In the evening the same sentence is rendered softer, and both are kept."""
    room.show(LEFT_OPEN)
    room.spoken()
    room.percent = 40
    room.show(Show("left_open", 3, 7))
    assert room.started[-1].command[room.started[-1].command.index("-a") + 1] == "40"
    room.spoken()
    assert len([*room.folder.glob("*.wav")]) == 2


@pytest.mark.parametrize(
    ("cards", "lacking", "why"),
    [(0, "", "no sound card"), (1, "espeak-ng", "espeak-ng not installed"), (1, "aplay", "aplay not installed")],
)
def test_without_a_card_or_a_program_it_is_off_and_says_so_once(
    tmp_path: Path, cards: int, lacking: str, why: str
) -> None:
    """Told at the start, once; a day of prompts starts no process and tells nothing more."""
    room = Room(tmp_path, cards=cards, lacking=lacking)
    for number in range(500):
        room.show(Show("left_open", number, 7))
        room.wait(170_000)
    assert room.started == []
    (lost,) = room.told
    assert isinstance(lost, PortLost) and lost.device == "voice" and why in lost.why
    assert room.driver.counters()["off"] == 1


def test_a_card_that_is_plugged_in_later_is_found(tmp_path: Path) -> None:
    """Off, then a card is there: the next prompt after the rest is heard, and that is told."""
    room = Room(tmp_path, cards=0)
    room.plug(1)
    room.show(OPEN)
    assert room.started == [], "not before the rest is over"
    room.wait(RETRY_MS)
    room.show(LEFT_OPEN)
    room.spoken()
    assert [type(event) for event in room.told] == [PortLost, PortBack]
    assert room.driver.counters()["off"] == 0


def test_a_card_that_fails_is_told_once_and_tried_once_a_minute(room: Room) -> None:
    """aplay ends with 1 each time: one event, and no more than one try a minute however many prompts there are."""
    room.show(LEFT_OPEN)
    room.ends()
    tries = 0
    for number in range(100):
        if room.started[-1].code is None:
            room.ends(code=1)
            tries += 1
        room.show(Show("left_open", 100 + number, 7))
        room.wait(6000)
    assert len(room.told) == 1 and "aplay ended with 1" in str(room.told[0])
    assert 5 <= tries <= 11, "in ten minutes"


@pytest.mark.parametrize(("rendering", "limit_ms"), [(True, RENDER_MS_MAX), (False, PLAY_MS_MAX)])
def test_a_process_that_hangs_is_killed_in_its_time(room: Room, rendering: bool, limit_ms: int) -> None:
    """A renderer or a player that never ends is ended by its own id, and the voice is off for a while."""
    room.show(LEFT_OPEN)
    if not rendering:
        room.ends()
    hanging = room.started[-1]
    room.wait(limit_ms - 100)
    assert not hanging.killed
    room.wait(200)
    assert hanging.killed and "took too long" in str(room.told[0])


def test_an_empty_file_of_a_power_cut_is_rendered_anew(room: Room) -> None:
    """A good name with nothing behind it is no sentence."""
    room.show(LEFT_OPEN)
    room.spoken()
    Path(room.started[-1].command[4]).write_bytes(b"")
    room.show(Show("left_open", 3, 7))
    assert room.rendered == ["七号门还没有关"] * 2


def test_a_renderer_without_its_language_is_told(room: Room) -> None:
    """espeak-ng that ends well and writes nothing: an event that says what to look for, and no prompt."""
    room.show(LEFT_OPEN)
    child = room.started[-1]
    Path(child.command[child.command.index("-w") + 1]).write_bytes(bytes(44))
    child.code = 0
    room.turn()
    assert "is its data for the language installed" in str(room.told[0])


def test_a_folder_that_cannot_be_written_is_told(room: Room) -> None:
    """A file where the folder should be: the voice is off, with the reason, and nothing is raised."""
    room.folder.write_text("in the way")
    room.show(LEFT_OPEN)
    assert str(room.folder) in str(room.told[0]) and room.started == []


def test_closing_is_silence(room: Room) -> None:
    """At the end of the program the running process is ended by its id, and nothing is due any more."""
    room.show(LEFT_OPEN)
    room.ends()
    room.driver.close()
    assert room.started[-1].killed
    assert (room.driver.fileno(), room.driver.deadline_ms()) == (None, None)
    assert room.driver.accepts(OPEN) and not room.driver.accepts(Attend(True))


def test_one_sound_that_is_ordered_comes_after_what_is_said_and_once(room: Room) -> None:
    """Of a door that no screen speaks of any more: it cuts off nobody, and is heard once."""
    room.show(OPEN)
    room.driver.perform(Switch("chime", True), room.now)
    room.turn()
    assert not room.plays("chime")
    room.spoken()
    assert room.plays("chime") and room.driver.counters()["chimes"] == 1
    room.ends()
    room.wait(60_000)
    assert room.driver.counters()["chimes"] == 1
    assert room.driver.accepts(Switch("chime", True)) and not room.driver.accepts(Switch("buzzer", True))


def test_a_sound_that_is_ordered_is_dropped_where_it_comes_by_itself_or_is_quiet(room: Room) -> None:
    """On the screen of the open door the sound has its own time; at a volume of 0 there is none."""
    room.show(LEFT_OPEN)
    room.spoken()
    room.driver.perform(Switch("chime", True), room.now)
    room.turn()
    assert room.driver.counters()["chimes"] == 0
    room.show(Show("idle", 3))
    room.percent = 0
    room.driver.perform(Switch("chime", True), room.now)
    room.turn()
    assert room.driver.counters()["chimes"] == 0
