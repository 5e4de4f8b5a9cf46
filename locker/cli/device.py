"""``locker device``: makes this cabinet's own secrets at provisioning, and shows its public key.

Knows the folder of the secrets and the operating system's randomness. Prints the public key and paths, never a secret.
"""

from __future__ import annotations

import argparse
import secrets
import sys
from pathlib import Path

from locker.authority.ed25519 import KEY_BYTES
from locker.authority.hotp import SECRET_BYTES
from locker.authority.keys import kid_of
from locker.device import SECRET_FILE, load, provision

FOLDER = Path("/var/lib/locker")


def register(parser: argparse.ArgumentParser) -> None:
    """Add ``provision`` and ``show``."""
    commands = parser.add_subparsers(dest="device_command", required=True, metavar="COMMAND")
    for name, words in (
        ("provision", "生成本柜的密钥,已有的不动  make the secrets that are not there yet; run as the service's user"),
        ("show", "显示本柜的公钥  show the public key of receipts, to be registered with the cloud"),
    ):
        command = commands.add_parser(name, help=words)
        command.add_argument(
            "folder", type=Path, nargs="?", default=FOLDER, help="the database's folder (default: %(default)s)"
        )


def run(args: argparse.Namespace) -> int:
    """Make what is to be made, then print the public key. Raises DeviceError."""
    folder: Path = args.folder
    if args.device_command == "provision":
        made = provision(folder, secrets.token_bytes(KEY_BYTES), secrets.token_bytes(SECRET_BYTES))
        print(
            "\n".join(f"已生成 made {path}" for path in made) or "都已存在,没有改动 all there, nothing changed",
            file=sys.stderr,
        )
    public = load(folder).key.public
    print(f"public {public.hex()}\nkid    {kid_of(public).hex()}")
    if args.device_command == "provision":
        print(
            f"登记 public,并把 {folder / SECRET_FILE} 当面交给云端,不走网络 register public with the cloud, "
            f"and carry {folder / SECRET_FILE} to it by hand (docs/pickup.md)",
            file=sys.stderr,
        )
    return 0
