"""``locker pickup``: the pick-up code of one load, for an office without a cloud that sends it, and for comparing.

Knows the secret's file. The code goes to the terminal of whoever may read that file, and nowhere else.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from locker.authority.hotp import DIGITS_MAX, DIGITS_MIN, code
from locker.device import load_secret


def register(parser: argparse.ArgumentParser) -> None:
    """Add ``code``."""
    commands = parser.add_subparsers(dest="pickup_command", required=True, metavar="code")
    show = commands.add_parser("code", help="算出一次存入的取件码  compute the code of one load")
    show.add_argument("--secret-file", type=Path, required=True, metavar="FILE", help="this cabinet's pickup.secret")
    show.add_argument("--counter", type=int, required=True, metavar="N", help="the load's number, as in its event")
    show.add_argument(
        "--digits",
        type=int,
        choices=range(DIGITS_MIN, DIGITS_MAX + 1),
        default=DIGITS_MIN,
        help="as configured (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Print the code. Raises DeviceError or HotpError."""
    print(code(load_secret(args.secret_file), args.counter, args.digits))
    return 0
