"""``locker voice``: render every sentence beforehand, and let a technician hear one.

Knows the configuration and what can be said; how it is rendered and played is the driver's (``locker.assembly``).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from locker import config
from locker.assembly import say_aloud, voice_files
from locker.model import Show

DEFAULT = "/etc/locker/cabinet.toml"


class VoiceOptionError(ValueError):
    """There is nothing to speak with, or no such door."""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the two commands."""
    commands = parser.add_subparsers(dest="command", required=True)
    about = "预先念好全部句子，存进 voice.folder  render all sentences into voice.folder"
    render = commands.add_parser("render", help=about, description=about)
    about = "试听一句：就像几号门开了  hear what is said when a door opens"
    test = commands.add_parser("test", help=about, description=about)
    test.add_argument("--door", type=int, default=1, metavar="N", help="几号门  which door")
    test.add_argument("--screen", default="open_deposit", metavar="NAME", help="哪个屏幕  which screen")
    for command in (render, test):
        command.add_argument("--config", type=Path, default=Path(DEFAULT), metavar="FILE", help=f"配置  {DEFAULT}")


def run(args: argparse.Namespace) -> int:
    """Render, or play. A mistake is raised as ``ValueError`` or ``OSError``."""
    cfg = config.load(args.config)
    if cfg.voice is None:
        raise VoiceOptionError(f"{args.config}: no [voice] table, so nothing is spoken; see config/cabinet.toml")
    if args.command == "render":
        files = list(voice_files(cfg))
        fresh = sum(file.fresh for file in files)
        size = sum(file.path.stat().st_size for file in files)
        print(f"{cfg.voice.folder}: {len(files)} 个声音，新的 {fresh} 个，{size / 1e6:.1f} MB")
        print(f"{cfg.voice.folder}: {len(files)} sounds, {fresh} of them new, {size / 1e6:.1f} MB")
        return 0
    if args.door not in {door.door for door in cfg.doors}:
        raise VoiceOptionError(f"--door {args.door}: no such door; there are 1 to {len(cfg.doors)}")
    said = say_aloud(cfg, Show(args.screen, 0, args.door))
    print("\n".join(said) if said else f"{args.screen}: 这个屏幕不出声  this screen is silent")
    return 0
