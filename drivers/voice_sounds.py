"""The voice's files: what a kept sentence is called, and the gentle sound of a door left open.

A sentence's file is named after all that makes its samples what they are: the text, the voice, the speed, the volume
and the renderer's own build. So with a newer espeak-ng or a changed sentence it is rendered anew, and a file that is
there is right. The sound is two soft tones, a falling third, faded in and out: to be noticed, not to alarm.

Knows samples and names; never a process or a screen.
"""

from __future__ import annotations

import io
import math
import wave
from array import array
from hashlib import sha256
from pathlib import Path

RATE_HZ = 22_050
"""espeak-ng's own rate, so that one card setting fits all."""
TONES_HZ = (659.3, 523.3)
TONE_S, FADE_S = 0.35, 0.06
LOUDEST = 24_000
VOICES = {"zh": "cmn-latn-pinyin", "en": "en-gb"}
"""espeak-ng 1.51 reads Chinese characters with its voice ``cmn`` as English letters and digits (its issue 1370)."""


def sentence_name(line: tuple[str, str], words_minute: int, percent: int, build: str) -> str:
    """The file of a sentence (its language and text) at this speed and volume, rendered by this build."""
    parts = [*line, VOICES[line[0]], str(words_minute), str(percent), build]
    return sha256("\0".join(parts).encode()).hexdigest()[:32] + ".wav"


def sentence_command(program: str, line: tuple[str, str], words_minute: int, percent: int, path: Path) -> list[str]:
    """How espeak-ng is asked to render a sentence into a file; 100 percent is as loud as it gets without clipping."""
    given = ["-v", VOICES[line[0]], "-s", str(words_minute), "-a", str(percent), "-w", str(path)]
    return [program, *given, "--", line[1]]


def chime_name(percent: int) -> str:
    """The file of the sound of a door left open at this volume."""
    return f"chime-{percent}.wav"


def chime(percent: int) -> bytes:
    """The sound as a WAV file: 16 bit, mono, about 0.7 s."""
    count = int(TONE_S * RATE_HZ)
    fade = FADE_S * RATE_HZ
    samples = array("h")
    for tone in TONES_HZ:
        for at in range(count):
            swell = min(1.0, at / fade, (count - 1 - at) / fade) * math.exp(-2.5 * at / count)
            samples.append(int(LOUDEST * percent / 100 * swell * math.sin(2 * math.pi * tone * at / RATE_HZ)))
    held = io.BytesIO()
    with wave.open(held, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(samples.tobytes())
    return held.getvalue()
