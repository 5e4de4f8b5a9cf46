"""Files of the issuing side: private keys, made once and never overwritten, and the documents that they sign.

Knows modes, the system's randomness, and how to put a file in another's place so that a power cut leaves the one or the
other. Must never print or log what is in a file.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from locker.authority.ed25519 import KEY_BYTES, KeyError25519, PrivateKey

SECRET_MODE, PUBLIC_MODE, CABINET_MODE = 0o600, 0o644, 0o640


class KeyFileError(ValueError):
    """A file cannot be made or used; says which one and what to do."""


def create(path: Path) -> PrivateKey:
    """Make a key and its file (PKCS #8, mode 0600). Raises ``KeyFileError`` when something is there already."""
    key = PrivateKey(secrets.token_bytes(KEY_BYTES))
    write_new(path, key.to_pem(), SECRET_MODE)
    return key


def read(path: Path, made_with: str) -> PrivateKey:
    """Return the private key in a file; ``made_with`` is the command that makes such files."""
    try:
        return PrivateKey.from_pem(path.read_bytes())
    except KeyError25519 as wrong:
        raise KeyFileError(f"{path}: {wrong}; make one with `{made_with}`") from None


def open_to_others(path: Path) -> bool:
    """Whether others than the owner may read or write a file."""
    return bool(path.stat().st_mode & 0o077)


def write_new(path: Path, content: bytes, mode: int = PUBLIC_MODE) -> None:
    """Write a file that is not there yet. Raises ``KeyFileError`` when it is."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise KeyFileError(f"{path} exists and is not overwritten; name another file") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace(path: Path, content: bytes) -> None:
    """Put a file in place of whatever is there: on the disk before it takes the name, whole or not at all.

    Mode 0640 and the folder's group, so that a controller without root's rights reads what root has put there.
    """
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            group = path.parent.stat().st_gid
            if os.fstat(file.fileno()).st_gid != group:
                os.fchown(file.fileno(), -1, group)
            os.fchmod(file.fileno(), CABINET_MODE)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Put a folder's list of names on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
