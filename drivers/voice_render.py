"""Every sentence of the voice rendered beforehand, for the installer and the technician: waits, unlike the driver.

Knows files and espeak-ng; the folder is left with exactly what can be said now, so that it cannot grow with each change
of a sentence. Never run by the controller.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from drivers.voice import PLAYER, RENDERER, SPEECH_BYTES_MIN, Line, build_of
from drivers.voice_sounds import chime, chime_name, sentence_command, sentence_name
from locker.config_hours import Voice

RENDER_S_MAX = 20


class VoiceError(OSError):
    """A sentence cannot be rendered; says what to do."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One file that is there now: its sentence ("" for the sound of an open door), its path, and whether it is new."""

    text: str
    path: Path
    fresh: bool


def render_all(voice: Voice, lines: Iterable[Line]) -> Iterator[Rendered]:
    """Render what is missing at both volumes, then remove what nobody can say any more. Raises ``VoiceError``."""
    renderer = shutil.which(RENDERER)
    if renderer is None:
        raise VoiceError(f"{RENDERER} is not installed: apt-get install espeak-ng alsa-utils")
    folder, build, kept = Path(voice.folder), build_of(renderer), set[Path]()
    folder.mkdir(parents=True, exist_ok=True)
    loudnesses = sorted({voice.day_percent, voice.evening_percent} - {0})
    for percent in loudnesses:
        path = folder / chime_name(percent)
        fresh = not path.exists()
        if fresh:
            _put(path, chime(percent))
        kept.add(path)
        yield Rendered("", path, fresh)
    for line in lines:
        for percent in loudnesses:
            path = folder / sentence_name(line, voice.words_minute, percent, build)
            kept.add(path)
            yield Rendered(line[1], path, _render(renderer, line, voice.words_minute, percent, path))
    for path in [*folder.glob("*.wav"), *folder.glob("*.part")]:
        if path not in kept:
            path.unlink()


def _render(renderer: str, line: Line, words_minute: int, percent: int, path: Path) -> bool:
    """One sentence, unless it is there. Whether it is new."""
    if path.exists() and path.stat().st_size >= SPEECH_BYTES_MIN:
        return False
    part = path.with_suffix(".part")
    command = sentence_command(renderer, line, words_minute, percent, part)
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=RENDER_S_MAX)
    except subprocess.TimeoutExpired as error:
        raise VoiceError(f"{RENDERER}: {line[1]!r} took longer than {RENDER_S_MAX} s") from error
    if done.returncode != 0 or part.stat().st_size < SPEECH_BYTES_MIN:
        why = done.stderr.decode(errors="replace").strip()[:200]
        raise VoiceError(f"{RENDERER}: {line[1]!r} gave no sound: {why or f'exit code {done.returncode}'}")
    _put(path, part.read_bytes())
    part.unlink()
    return True


def _put(path: Path, data: bytes) -> None:
    """The whole file under its name, or nothing, whenever the power goes."""
    part = path.with_suffix(".new")
    with part.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)


def play(voice: Voice, lines: list[Line]) -> None:
    """Say this now, by day's volume, and wait until it was said. Raises ``VoiceError``."""
    renderer, player = shutil.which(RENDERER), shutil.which(PLAYER)
    if renderer is None or player is None:
        raise VoiceError(f"{RENDERER} or {PLAYER} is not installed: apt-get install espeak-ng alsa-utils")
    if not lines:
        return
    folder, paths = Path(voice.folder), list[str]()
    folder.mkdir(parents=True, exist_ok=True)
    for line in lines:
        path = folder / sentence_name(line, voice.words_minute, voice.day_percent, build_of(renderer))
        _render(renderer, line, voice.words_minute, voice.day_percent, path)
        paths.append(str(path))
    done = subprocess.run([player, "-q", "-D", voice.device, *paths], stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode != 0:
        why = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise VoiceError(f"{PLAYER} -D {voice.device}: {''.join(why) or 'failed'}; aplay -L lists the cards")
