"""The device's two secrets, each in a file of its own: the Ed25519 key of receipts, the secret of pick-up codes.

Both are made on the cabinet at provisioning and never leave ``folder``, the one beside the database, but by the hand
of a technician who carries the pick-up secret to the cloud. Knows files, their owner and their mode. Must never put
what is in them into a message: no error, no ``repr``, no traceback's line has it.

A file is made whole or not at all (written beside, synced, then linked to its name) and never made over: a second
device key would make every receipt of the first unverifiable. A file that anybody but its owner could read is
refused: then it has to be taken for known to others, and a new one is the cure, not another mode.

Takes no randomness: the bytes of new secrets are given.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from locker.authority.ed25519 import KeyError25519, PrivateKey
from locker.authority.hotp import Secret

KEY_FILE = "device.pem"
"""PKCS #8, as ``openssl genpkey -algorithm ed25519`` writes it."""
SECRET_FILE = "pickup.secret"
"""One line of 64 hexadecimal digits."""
FILE_BYTES_MAX = 4096

_AS_OWNER = "run as its owner: sudo -u locker ..."
_MODE = 0o600
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_SECRET = re.compile(rb"([0-9a-f]{64})\n?")


class DeviceError(ValueError):
    """A secret file cannot be used or made; names the file, what is wrong and what to do, never what is in it."""


@dataclass(frozen=True, slots=True)
class Device:
    """This cabinet's own secrets, ready for use. Neither can be shown."""

    key: PrivateKey
    pickup: Secret


def provision(folder: Path, seed: bytes, secret: bytes) -> list[Path]:
    """Make what is not there yet of the two files, from 32 random bytes each; return the ones that were made.

    Raises ``DeviceError`` or ``OSError``; after a power cut it can simply be run again.
    """
    if (owner := folder.stat().st_uid) != os.geteuid():
        raise DeviceError(f"{folder}: belongs to user {owner}, this runs as {os.geteuid()}; {_AS_OWNER}")
    made = []
    for path, content in ((folder / KEY_FILE, PrivateKey(seed).to_pem()), (folder / SECRET_FILE, _secret_line(secret))):
        if not os.path.lexists(path):
            _make(path, content)
            made.append(path)
    return made


def load(folder: Path) -> Device:
    """Return the secrets of a provisioned cabinet. Raises ``DeviceError``."""
    return Device(load_key(folder / KEY_FILE), load_secret(folder / SECRET_FILE))


def load_key(path: Path) -> PrivateKey:
    """Return the device's signing key. Raises ``DeviceError``."""
    try:
        return PrivateKey.from_pem(_content(path))
    except KeyError25519 as wrong:
        raise DeviceError(f"{path}: {wrong}; restore it, or move it away and run `locker device provision`") from None


def load_secret(path: Path) -> Secret:
    """Return the secret of pick-up codes. Raises ``DeviceError``."""
    secret = _parsed(_content(path))
    if secret is None:
        raise DeviceError(
            f"{path}: not one line of 64 hexadecimal digits; restore it, or move it away, "
            "run `locker device provision` and give the new one to the cloud"
        )
    return secret


def _secret_line(secret: bytes) -> bytes:
    """Return the content of a secret's file; ``Secret`` refuses a wrong length."""
    Secret(secret)
    return secret.hex().encode("ascii") + b"\n"


def _parsed(content: bytes) -> Secret | None:
    """Return the secret of a file's content, None when it is none."""
    found = _SECRET.fullmatch(content)
    return Secret(bytes.fromhex(found[1].decode("ascii"))) if found else None


def _content(path: Path) -> bytes:
    """Return what is in a secret file. Raises ``DeviceError`` unless it is a file of ours that nobody else can read."""
    try:
        descriptor = os.open(path, _READ)
    except OSError as error:
        raise DeviceError(f"{path}: {error.strerror}; {_advice(error)}") from None
    try:
        if fault := _fault(os.fstat(descriptor)):
            raise DeviceError(f"{path}: {fault}")
        return os.read(descriptor, FILE_BYTES_MAX)
    finally:
        os.close(descriptor)


def _advice(error: OSError) -> str:
    """Return what to do about a file that cannot be opened."""
    if isinstance(error, FileNotFoundError):
        return "make it with `locker device provision`"
    if isinstance(error, PermissionError):
        return _AS_OWNER
    return "it must be a plain file, not a link"


def _fault(status: os.stat_result) -> str | None:
    """Return what is wrong with an open file's owner, kind or mode, None when it may be trusted."""
    mode = stat.S_IMODE(status.st_mode)
    if not stat.S_ISREG(status.st_mode):
        return "not a plain file"
    if status.st_uid != os.geteuid():
        return f"belongs to user {status.st_uid}, this runs as {os.geteuid()}; {_AS_OWNER}"
    if mode & 0o077:
        return (
            f"mode {mode:04o} lets others at it, so others may know it; if nobody can have read it: chmod 600, "
            "else move it away and run `locker device provision`"
        )
    return None


def _make(path: Path, content: bytes) -> None:
    """Write a new file that only its owner can read, whole or not at all. Raises ``DeviceError`` if it is there."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, _MAKE, _MODE), "wb") as file:
        os.fchmod(file.fileno(), _MODE)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        raise DeviceError(f"{path} exists and is not overwritten; another `locker device provision` made it") from None
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Have the folder's entries on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
