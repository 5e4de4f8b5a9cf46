"""The voice: says what the screen shows, and sounds while a door is forgotten open.

Hardware: any sound card that ALSA knows, a small amplifier and a loudspeaker beside the screen.
Wire: two programs of Debian's, one child process at a time: ``espeak-ng`` renders a sentence into a WAV file, once;
    ``aplay`` plays the files of a prompt one after the other. No shell, nothing written to either, nothing read.
Source: espeak-ng(1), aplay(1) of alsa-utils, pidfd_open(2); users' text, section 3 (quiet hours, voice).
Quirks: aplay without a card exits with 1 and says why only on its terminal; a card on USB may come and go. So the
    voice is off, said once, and tried again with a later prompt, at most once a minute. A cut power may leave an empty
    file behind a good name: what is too short to be speech is rendered anew.

One sound at a time, and the newest prompt wins: what is being said of an older screen is cut off. In quiet hours, and
at a volume of 0, nothing is rendered and nothing is played. Never waits: a child that takes too long is killed by its
own id. Must never know what a screen means, what hour it is or whether a door is open: what to say on a screen, and
how loud, it is told by the two functions that it is made with.
"""

from __future__ import annotations

import select
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from drivers.child import Child, Process, Spawn
from drivers.voice_sounds import chime, chime_name, sentence_command, sentence_name
from locker.config_hours import Voice
from locker.model import Act, Event, Now, PortBack, PortLost, Show, Switch

NAME = "voice"
RENDERER, PLAYER = "espeak-ng", "aplay"
CHIME_SCREENS = ("left_open", "alarm_open", "unfinished")
"""Screens on which somebody should shut a door."""
CHIME_LINE = "chime"
"""The line of the order for one sound, of a door that no screen speaks of any more."""
RENDER_MS_MAX, PLAY_MS_MAX = 10_000, 60_000
RETRY_MS = 60_000
LOOK_MS = 20
"""How often a child is looked at that has no descriptor."""
SPEECH_BYTES_MIN = 2000
"""A tenth of a second less than the shortest word takes."""
COUNTED = ("prompts", "quiet", "cut", "rendered", "render_failed", "played", "play_failed", "chimes")

Line = tuple[str, str]


class VoiceDriver:
    """The ``Driver`` of the loudspeaker; ``perform`` takes ``Show``, and ``Switch`` of the line ``chime``."""

    name = NAME

    def __init__(
        self,
        voice: Voice,
        lines: Callable[[Show], list[Line]],
        percent: Callable[[Now], int],
        *,
        spawn: Spawn = Process,
        which: Callable[[str], str | None] = shutil.which,
        cards: Path = Path("/dev/snd"),
    ) -> None:
        """Prepare without touching the disk or a card.

        ``lines`` is what to say on a screen, ``percent`` how loud it may be now. The rest is the machine: how a process
        is started, where a program is, and where the kernel shows its sound cards.
        """
        self._voice, self._lines, self._percent = voice, lines, percent
        self._spawn, self._which, self._cards = spawn, which, cards
        self._folder = Path(voice.folder)
        self._child: Child | None = None
        self._ends = select.epoll()
        self._making: Path | None = None
        self._until_ms = self._looked_ms = 0
        self._prompt: list[Line] = []
        self._loud = 0
        self._screen: tuple[int, str, str, str] | None = None
        self._chime_ms: int | None = None
        self._once = False
        self._off, self._told, self._retry_ms = "", False, 0
        self._begun = False
        self._news: list[Event] = []
        self._count = dict.fromkeys(COUNTED, 0)

    # --- the driver's calls -----------------------------------------------------------------------

    def fileno(self) -> int | None:
        """One descriptor for the ends of all children: theirs come and go under the same number."""
        return None if self._ends.closed else self._ends.fileno()

    def deadline_ms(self) -> int | None:
        """When a child has had its time, or the next sound of an open door is due."""
        if not self._begun:
            return 0
        if self._child is None:
            return self._chime_ms
        return self._until_ms if self._child.fileno() is not None else self._looked_ms + LOOK_MS

    @property
    def busy(self) -> bool:
        """Whether something is being rendered or played."""
        return self._child is not None

    def refresh(self, now: Now) -> list[Event]:
        """See how the child is doing, and go on."""
        self._looked_ms = now.ms
        if not self._begun:
            self._begun = True
            self._usable(now)
        if self._child is not None:
            self._look(self._child, now)
        self._go_on(now)
        news, self._news = self._news, []
        return news

    def accepts(self, act: Act) -> bool:
        """Screens, and the order for one sound."""
        return isinstance(act, Show) or (isinstance(act, Switch) and act.line == CHIME_LINE)

    def perform(self, act: Act, now: Now) -> None:
        """A new screen: its prompt in place of the one before. The same again, in the same language, says nothing new.

        Or one sound: after what is being said, and not where it comes by itself.
        """
        if isinstance(act, Switch):
            self._once = self._chime_ms is None
            self._looked_ms = now.ms
            self._go_on(now)
            return
        assert isinstance(act, Show), f"the voice takes screens, not {act}"
        screen = act.number, act.name, act.reason, act.language
        if screen == self._screen:
            return
        self._screen = screen
        self._hush()
        self._prompt, self._loud = self._lines(act), self._percent(now)
        self._chime_ms = now.ms + self._voice.chime_ms if act.name in CHIME_SCREENS else None
        self._count["prompts"] += bool(self._prompt)
        if self._prompt and not self._loud:
            self._count["quiet"] += 1
            self._prompt = []
        if self._prompt and not self._usable(now):
            self._prompt = []
        self._looked_ms = now.ms
        self._go_on(now)

    def counters(self) -> dict[str, int]:
        """Prompts, what became of them, and sounds; ``off`` is 1 while nothing can be heard."""
        return self._count | {"off": int(bool(self._off))}

    def close(self) -> None:
        """Silence, at once."""
        self._prompt, self._chime_ms, self._once = [], None, False
        if self._child is not None:
            self._child.kill()
            self._child = None
        self._ends.close()

    # --- the child --------------------------------------------------------------------------------

    def _look(self, child: Child, now: Now) -> None:
        """Whether the child has ended, well or not, or has had its time."""
        code = child.poll()
        if code is None and now.ms < self._until_ms:
            return
        if code is None:
            child.kill()
        self._child = None
        program = RENDERER if self._making is not None else PLAYER
        if code != 0:
            self._count["render_failed" if self._making is not None else "play_failed"] += 1
            why = f"ended with {code}" if code is not None else "took too long and was killed"
            self._fail(f"{program} {why}; try it by hand with device {self._voice.device}", now)
        elif self._making is not None:
            self._rendered(self._making, now)
        else:
            self._count["played"] += 1
            self._heard()
        self._making = None

    def _rendered(self, path: Path, now: Now) -> None:
        """A sentence is there under its own name."""
        try:
            if path.stat().st_size < SPEECH_BYTES_MIN:
                self._fail(f"{RENDERER} wrote an empty file; is its data for the language installed?", now)
                return
            path.replace(path.with_suffix(".wav"))
            self._count["rendered"] += 1
        except OSError as error:
            self._fail(f"{path}: {error.strerror}", now)

    def _start(self, command: Sequence[str], now: Now, ms_max: int) -> None:
        try:
            self._child = self._spawn(command)
            descriptor = self._child.fileno()
            if descriptor is not None:
                self._ends.register(descriptor, select.EPOLLIN)
            self._until_ms = now.ms + ms_max
        except OSError as error:
            self._making = None
            self._fail(f"{command[0]}: {error.strerror}", now)

    def _hush(self) -> None:
        """Cut off what is being played; a sentence that is being rendered is finished: it will be wanted again."""
        if self._child is not None and self._making is None:
            self._child.kill()
            self._child = None
            self._count["cut"] += 1

    # --- what to do next --------------------------------------------------------------------------

    def _go_on(self, now: Now) -> None:
        """Render what is missing, then play; and the sound of an open door when it is due."""
        if self._child is not None:
            return
        if self._prompt:
            self._speak(now)
        elif self._once or (self._chime_ms is not None and now.ms >= self._chime_ms):
            self._once = False
            self._chime_ms = now.ms + self._voice.chime_ms if self._chime_ms is not None else None
            loud = self._percent(now)
            if loud and self._usable(now):
                self._chime(loud, now)

    def _speak(self, now: Now) -> None:
        """One sentence that nobody rendered yet, or all of them played."""
        renderer, player = self._which(RENDERER), self._which(PLAYER)
        if renderer is None or player is None:
            self._usable(now)
            self._prompt = []
            return
        paths = [self._path(line, renderer) for line in self._prompt]
        for line, path in zip(self._prompt, paths, strict=True):
            if not _is_speech(path):
                self._render(renderer, line, path, now)
                return
        self._prompt = []
        self._play(player, paths, now)

    def _path(self, line: Line, renderer: str) -> Path:
        return self._folder / sentence_name(line, self._voice.words_minute, self._loud, build_of(renderer))

    def _render(self, renderer: str, line: Line, path: Path, now: Now) -> None:
        self._making = path.with_suffix(".part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._making = None
            self._fail(f"{self._folder}: {error.strerror}", now)
            return
        command = sentence_command(renderer, line, self._voice.words_minute, self._loud, self._making)
        self._start(command, now, RENDER_MS_MAX)

    def _play(self, player: str, paths: list[Path], now: Now) -> None:
        self._start([player, "-q", "-D", self._voice.device, *map(str, paths)], now, PLAY_MS_MAX)

    def _chime(self, loud: int, now: Now) -> None:
        path, player = self._folder / chime_name(loud), self._which(PLAYER)
        try:
            if not _is_speech(path):
                self._folder.mkdir(parents=True, exist_ok=True)
                path.write_bytes(chime(loud))
        except OSError as error:
            self._fail(f"{path}: {error.strerror}", now)
            return
        if player is not None:
            self._count["chimes"] += 1
            self._play(player, [path], now)

    # --- on and off -------------------------------------------------------------------------------

    def _usable(self, now: Now) -> bool:
        """Whether there is anything to speak with. After a failure not before a rest."""
        if self._off and now.ms < self._retry_ms:
            return False
        lacking = [program for program in (RENDERER, PLAYER) if self._which(program) is None]
        if lacking:
            self._fail(f"{' and '.join(lacking)} not installed: apt-get install espeak-ng alsa-utils", now)
        elif self._needs_card() and not any(self._cards.glob("pcmC*p")):
            self._fail(f"no sound card: nothing in {self._cards} to play on", now)
        else:
            return True
        return False

    def _needs_card(self) -> bool:
        return self._voice.device.startswith(("default", "sysdefault", "hw:", "plughw:", "front"))

    def _fail(self, why: str, now: Now) -> None:
        """The voice is off; said once, until it has been heard again."""
        self._off, self._retry_ms, self._prompt = why, now.ms + RETRY_MS, []
        if not self._told:
            self._told = True
            self._news.append(PortLost(NAME, why))

    def _heard(self) -> None:
        """A sound was played to its end."""
        if self._told:
            self._news.append(PortBack(NAME, self._voice.device))
        self._off, self._told = "", False


def build_of(program: str) -> str:
    """Which build of a program this is, as far as its file tells: its size and when it was made."""
    try:
        found = Path(program).stat()
    except OSError:
        return "unknown"
    return f"{found.st_size}-{found.st_mtime_ns}"


def _is_speech(path: Path) -> bool:
    """Whether a rendered sound is there, and not the empty file that a cut power may leave."""
    try:
        return path.stat().st_size >= SPEECH_BYTES_MIN
    except OSError:
        return False
