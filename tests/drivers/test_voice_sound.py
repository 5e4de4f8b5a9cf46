"""The voice as it is heard: real espeak-ng and aplay, a file in the loudspeaker's place; judged by its samples."""

from __future__ import annotations

import io
import math
import select
import subprocess
import wave
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest

from drivers.child import Process
from drivers.voice import VoiceDriver
from drivers.voice_render import VoiceError, play, render_all
from drivers.voice_sounds import RATE_HZ, TONES_HZ, VOICES, chime
from locker.config import Config, load
from locker.config_hours import Voice
from locker.model import Event, Now, PortLost, Show
from locker.spoken import Spoken

EXAMPLE = Path(__file__).resolve().parents[2] / "config" / "cabinet.toml"
pytestmark = pytest.mark.debian("espeak-ng", "alsa-utils")


class Loudspeaker:
    """A driver with real programs whose sound card is a file."""

    def __init__(self, folder: Path) -> None:
        self.sink = folder / "o"
        device = f"tee:null,'{self.sink}',raw"
        self.cfg: Config = load(EXAMPLE)
        self.voice = Voice(device=device, folder=str(folder / "cache"), chime_ms=1000)
        self.driver = VoiceDriver(self.voice, Spoken(self.cfg).lines, lambda now: 80)
        self.descriptor = self.driver.fileno() or 0
        self.ms = 0
        self.told: list[Event] = []

    def use(self, driver: VoiceDriver) -> None:
        """Another driver in its place."""
        self.driver.close()
        self.driver, self.descriptor = driver, driver.fileno() or 0

    def turn(self) -> None:
        """Wait for the end of the child, as the runner does: on the one descriptor, which is the same all along."""
        assert self.driver.fileno() == self.descriptor
        if self.driver.busy:
            assert select.select([self.descriptor], [], [], 20)[0], "the end of a child went unnoticed"
        else:
            self.ms = max(self.ms, self.driver.deadline_ms() or 0)
        self.told += self.driver.refresh(Now(self.ms, 0))

    def hear(self, show: Show, until: str = "played") -> array[int]:
        """Show a screen, and wait for the end of its prompt; the samples that came out."""
        self.sink.unlink(missing_ok=True)
        before = self.driver.counters()[until]
        self.driver.perform(show, Now(self.ms, 0))
        while self.driver.counters()[until] == before and not self.told:
            self.turn()
        return array("h", self.sink.read_bytes()) if self.sink.exists() else array("h")


@pytest.fixture
def speaker() -> Iterator[Loudspeaker]:
    """A loudspeaker whose files have short names: ALSA's device has a hundred characters."""
    with TemporaryDirectory(prefix="v") as folder:
        heard = Loudspeaker(Path(folder))
        yield heard
        heard.driver.close()


@pytest.fixture
def fresh(program: Callable[[str], str], tmp_path: Path) -> Callable[[str, str], array[int]]:
    """Render a sentence now, by hand, without any of the program's code."""

    def render(language: str, text: str) -> array[int]:
        path = tmp_path / "fresh.wav"
        given = ["-v", VOICES[language], "-s", "140", "-a", "80", "-w", str(path), text]
        subprocess.run([program("espeak-ng"), *given], check=True, capture_output=True)
        return samples(path.read_bytes())

    return render


def samples(data: bytes) -> array[int]:
    """The samples of a WAV file."""
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE_HZ)
        return array("h", file.readframes(file.getnframes()))


def loudness(heard: array[int]) -> float:
    """The root mean square of the samples."""
    return math.sqrt(sum(sample * sample for sample in heard) / len(heard))


def strength(heard: array[int], hertz: float) -> float:
    """How much of one tone is in the samples (Goertzel)."""
    turn = 2 * math.pi * hertz / RATE_HZ
    real = sum(sample * math.cos(turn * at) for at, sample in enumerate(heard))
    imaginary = sum(sample * math.sin(turn * at) for at, sample in enumerate(heard))
    return math.hypot(real, imaginary) / len(heard)


def test_what_is_heard_is_the_prompt_of_the_screen(
    speaker: Loudspeaker, fresh: Callable[[str, str], array[int]]
) -> None:
    """Door 13 opens: its three sentences, sample for sample what a fresh rendering gives, and no more."""
    heard = speaker.hear(Show("open_deposit", 1, 13))
    at = 0
    for sentence in ("十三号门开了", "中间，从下往上数第四个", "请放进材料，再把门推上"):
        wanted = fresh("zh", sentence)
        found = heard.tobytes().find(wanted.tobytes(), at * 2) // 2
        assert found >= at and not any(heard[at:found]), f"before {sentence!r} there is something else than silence"
        assert found - at < RATE_HZ // 4, "the pause between two sentences"
        at = found + len(wanted)
    assert not any(heard[at:]), "after it, silence"
    assert 3 <= at / RATE_HZ <= 15, "seconds"
    assert loudness(heard) > 1000 and max(map(abs, heard)) < 32_767, "neither silent nor clipped"


def test_different_screens_and_doors_sound_different(speaker: Loudspeaker) -> None:
    """No two prompts are the same sound, and each has a length that a sentence can have."""
    shows = [
        Show("open_deposit", 1, 3),
        Show("open_deposit", 2, 4),
        Show("open_collect", 3, 3),
        Show("deposited", 4, 3),
    ]
    shows += [Show("refused", 5, reason="spent"), Show("refused", 6, reason="busy"), Show("jammed", 7, 3)]
    heard = [speaker.hear(show) for show in shows]
    assert len({bytes(sound) for sound in heard}) == len(shows)
    for show, sound in zip(shows, heard, strict=True):
        assert 0.5 <= len(sound) / RATE_HZ <= 20 and loudness(sound) > 500, show.name
    again = speaker.hear(Show("open_deposit", 9, 3))
    assert again == heard[0], "the kept sound is the sound"


def test_softer_is_softer(speaker: Loudspeaker) -> None:
    """The evening's rendering of a sentence has the same length and half the strength."""
    loud = speaker.hear(Show("deposited", 1, 3))
    speaker.use(VoiceDriver(speaker.voice, Spoken(speaker.cfg).lines, lambda now: 40))
    quiet = speaker.hear(Show("deposited", 2, 3))
    assert len(quiet) == len(loud)
    assert 0.4 < loudness(quiet) / loudness(loud) < 0.6


def test_the_sound_of_an_open_door_is_two_soft_tones() -> None:
    """A falling third of 0.7 s, each tone in its own half, that begins and ends without a click."""
    heard = samples(chime(80))
    assert 0.6 < len(heard) / RATE_HZ < 0.8
    first, second = heard[: len(heard) // 2], heard[len(heard) // 2 :]
    assert strength(first, TONES_HZ[0]) > 20 * strength(first, TONES_HZ[1])
    assert strength(second, TONES_HZ[1]) > 20 * strength(second, TONES_HZ[0])
    assert max(map(abs, [*heard[:5], *heard[-5:]])) < 200
    assert 2000 < loudness(heard) < 15_000 and abs(loudness(samples(chime(40))) * 2 - loudness(heard)) < 10


def test_a_door_left_open_is_spoken_of_and_then_sounded_for(speaker: Loudspeaker) -> None:
    """The words first; a second later the sound itself comes out of the loudspeaker."""
    speaker.hear(Show("left_open", 1, 7))
    speaker.sink.unlink()
    before = speaker.driver.counters()["played"]
    while speaker.driver.counters()["played"] == before:
        speaker.turn()
    heard, wanted = array("h", speaker.sink.read_bytes()), samples(chime(80))
    assert heard[: len(wanted)] == wanted and speaker.told == []


def test_a_card_that_is_not_there_is_told_by_the_real_player(speaker: Loudspeaker) -> None:
    """aplay on a device that does not exist: one event, nothing raised, and the rendered sentence is kept."""
    voice = msgspec.structs.replace(speaker.voice, device="nonsense")
    speaker.use(VoiceDriver(voice, Spoken(speaker.cfg).lines, lambda now: 80))
    assert len(speaker.hear(Show("deposited", 1, 3))) == 0
    (lost,) = speaker.told
    assert isinstance(lost, PortLost) and "aplay ended with 1" in lost.why
    assert len([*Path(voice.folder).glob("*.wav")]) == 2


def test_everything_is_rendered_beforehand_and_the_driver_renders_no_more(speaker: Loudspeaker) -> None:
    """After ``render_all`` a prompt is played at once; a second run renders nothing; old sentences are removed."""
    lines = [
        line for show in (Show("deposited", 1, 3), Show("left_open", 1, 3)) for line in Spoken(speaker.cfg).lines(show)
    ]
    first = list(render_all(speaker.voice, lines))
    assert len(first) == (4 + 1) * 2 and all(file.fresh for file in first), "both volumes, and the sound"
    assert not any(file.fresh for file in render_all(speaker.voice, lines))
    assert len(speaker.hear(Show("deposited", 1, 3))) > 0
    assert speaker.driver.counters()["rendered"] == 0
    play(speaker.voice, Spoken(speaker.cfg).lines(Show("deposited", 1, 3)))
    assert {file.path for file in render_all(speaker.voice, lines[:1])} == set(Path(speaker.voice.folder).iterdir())
    with pytest.raises(VoiceError, match="aplay -D nonsense"):
        play(msgspec.structs.replace(speaker.voice, device="nonsense"), lines[:1])


def test_a_real_process_is_killed_by_its_own_id() -> None:
    """A child that would never end: its descriptor tells nothing until it is killed, and then nothing is left of it."""
    child = Process(["/bin/cat", "/dev/zero"])
    fd = child.fileno()
    assert fd is not None and child.poll() is None
    assert select.select([fd], [], [], 0)[0] == []
    child.kill()
    assert child.poll() == -9 and child.fileno() is None
    child.kill()
    with pytest.raises(OSError):
        Process(["/no/such/program"])
