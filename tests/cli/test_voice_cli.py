"""``locker voice``: everything rendered beforehand, and a prompt heard by a technician."""

from __future__ import annotations

import wave
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from locker.cli import main

SMALL = """
doors = [{ door = 1, size = "S", side = "left", row = 1, channel = 0 }]
[cabinet]
id = "xy-001"
phone = "12345"
[[boards]]
port = "/dev/board"
[scanner]
port = "/dev/scanner"
[store]
path = "/var/lib/locker/locker.db"
"""


def a_cabinet(folder: Path, voice: str) -> str:
    """A configuration file with this voice."""
    path = folder / "c.toml"
    path.write_text(SMALL + voice, encoding="utf-8")
    return str(path)


@pytest.mark.debian("espeak-ng", "alsa-utils")
def test_everything_is_rendered_and_a_prompt_is_played(capsys: pytest.CaptureFixture[str]) -> None:
    """Rendered once, whatever may be said; the second run has nothing to do; a prompt comes out of the sound card."""
    with TemporaryDirectory(prefix="v") as name:
        folder = Path(name)
        device = f"tee:null,'{folder / 'o'}',raw"
        cfg = a_cabinet(folder, f'[voice]\nfolder = "{folder / "cache"}"\ndevice = "{device}"\nlanguages = "zh+en"\n')
        assert main.main(["voice", "render", "--config", cfg]) == 0
        files = list((folder / "cache").iterdir())
        assert f"{len(files)} sounds, {len(files)} of them new" in capsys.readouterr().out
        for path in files:
            with wave.open(str(path)) as file:
                assert 0.2 < file.getnframes() / file.getframerate() < 15, path
        assert main.main(["voice", "render", "--config", cfg]) == 0
        assert f"{len(files)} sounds, 0 of them new" in capsys.readouterr().out
        assert main.main(["voice", "test", "--config", cfg, "--screen", "left_open"]) == 0
        assert capsys.readouterr().out.splitlines()[0] == "一号门还没有关"
        assert any((folder / "o").read_bytes())


@pytest.mark.debian("espeak-ng", "alsa-utils")
def test_what_cannot_be_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No table, no such door, no such card, a silent screen: one line each."""
    assert main.main(["voice", "render", "--config", a_cabinet(tmp_path, "")]) == 2
    assert "no [voice] table" in capsys.readouterr().err
    cfg = a_cabinet(tmp_path, f'[voice]\nfolder = "{tmp_path / "cache"}"\ndevice = "nonsense"\n')
    assert main.main(["voice", "test", "--config", cfg, "--door", "2"]) == 2
    assert "--door 2: no such door; there are 1 to 1" in capsys.readouterr().err
    assert main.main(["voice", "test", "--config", cfg]) == 2
    assert "aplay -D nonsense" in capsys.readouterr().err
    assert main.main(["voice", "test", "--config", cfg, "--screen", "idle"]) == 0
    assert "this screen is silent" in capsys.readouterr().out
