"""The device's secret files: made once, whole, for their owner alone; a file that others could read is refused."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from locker.authority.ed25519 import PrivateKey
from locker.authority.hotp import HotpError, code
from locker.device import KEY_FILE, SECRET_FILE, DeviceError, load, load_key, load_secret, provision

SEED, SECRET = bytes(range(32)), bytes(range(100, 132))
OTHERS_MODES = [0o640, 0o604, 0o660, 0o644, 0o610, 0o601, 0o602, 0o777]


def test_what_was_made_is_what_is_loaded(tmp_path: Path) -> None:
    """Both files, mode 0600 under any umask, in forms that others' tools read."""
    before = os.umask(0)
    try:
        made = provision(tmp_path, SEED, SECRET)
    finally:
        os.umask(before)
    assert made == [tmp_path / KEY_FILE, tmp_path / SECRET_FILE]
    assert sorted(path.name for path in tmp_path.iterdir()) == [KEY_FILE, SECRET_FILE], "nothing is left beside them"
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}
    device = load(tmp_path)
    assert device.key.public == PrivateKey(SEED).public
    assert code(device.pickup, 0, 6) == code(load_secret(tmp_path / SECRET_FILE), 0, 6)
    assert (tmp_path / SECRET_FILE).read_text(encoding="ascii") == SECRET.hex() + "\n"
    assert (tmp_path / KEY_FILE).read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----\n")


def test_openssl_reads_the_key(tmp_path: Path) -> None:
    """The file is an ordinary PKCS #8 file; openssl finds the same public key in it."""
    provision(tmp_path, SEED, SECRET)
    told = subprocess.run(
        ["openssl", "pkey", "-in", tmp_path / KEY_FILE, "-pubout", "-outform", "DER"], capture_output=True, check=True
    )
    assert told.stdout[-32:] == load(tmp_path).key.public


def test_nothing_is_ever_made_over(tmp_path: Path) -> None:
    """Running it again changes nothing; after a power cut in between, only what is missing is made."""
    provision(tmp_path, SEED, SECRET)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert provision(tmp_path, bytes(32), bytes(32)) == []
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    (tmp_path / SECRET_FILE).unlink()
    (tmp_path / f".{SECRET_FILE}.new").write_text("half a dra", encoding="ascii")
    assert provision(tmp_path, bytes(32), SECRET) == [tmp_path / SECRET_FILE]
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_dangling_link_is_not_followed(tmp_path: Path) -> None:
    """Whoever can put a link there does not get the key put elsewhere."""
    (tmp_path / KEY_FILE).symlink_to(tmp_path / "elsewhere")
    assert provision(tmp_path, SEED, SECRET) == [tmp_path / SECRET_FILE]
    assert not (tmp_path / "elsewhere").exists()
    with pytest.raises(DeviceError, match="not a link"):
        load(tmp_path)


def test_the_lengths_are_checked_before_anything_is_written(tmp_path: Path) -> None:
    """A caller's mistake leaves no file."""
    with pytest.raises(HotpError):
        provision(tmp_path, SEED, SECRET[1:])
    with pytest.raises(ValueError, match="32 bytes"):
        provision(tmp_path, SEED[1:], SECRET)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [KEY_FILE, SECRET_FILE])
@pytest.mark.parametrize("mode", OTHERS_MODES)
def test_a_file_that_others_can_get_at_is_refused(tmp_path: Path, name: str, mode: int) -> None:
    """Readable, writable or executable for group or world: the error names file, mode and both cures."""
    provision(tmp_path, SEED, SECRET)
    (tmp_path / name).chmod(mode)
    with pytest.raises(DeviceError, match=rf"{name}: mode {mode:04o} lets others at it.*chmod 600.*provision"):
        load(tmp_path)


@pytest.mark.parametrize("mode", [0o400, 0o600])
def test_a_file_for_its_owner_alone_is_taken(tmp_path: Path, mode: int) -> None:
    """Read-only for its owner is as good."""
    provision(tmp_path, SEED, SECRET)
    (tmp_path / KEY_FILE).chmod(mode)
    load(tmp_path)


def test_another_users_file_or_folder_is_refused(tmp_path: Path) -> None:
    """Root may give files away, others find root's own; either way the error says whom it belongs to."""
    if os.geteuid() == 0:
        provision(tmp_path, SEED, SECRET)
        os.chown(tmp_path / KEY_FILE, 65_534, 65_534)
        key, folder, owner = tmp_path / KEY_FILE, tmp_path / "theirs", 65_534
        folder.mkdir()
        os.chown(folder, 65_534, 65_534)
    else:
        key, folder, owner = Path("/etc/hostname"), Path("/etc"), 0
    with pytest.raises(DeviceError, match=rf"belongs to user {owner}, this runs as {os.geteuid()}; run as its owner"):
        load_key(key)
    with pytest.raises(DeviceError, match=rf"belongs to user {owner}, this runs as {os.geteuid()}; run as its owner"):
        provision(folder, SEED, SECRET)


def test_what_is_no_plain_file_is_refused_and_does_not_hang(tmp_path: Path) -> None:
    """A pipe without a writer, a folder, a link, nothing at all."""
    pipe, folder, link = tmp_path / "pipe", tmp_path / "folder", tmp_path / "link"
    os.mkfifo(pipe, 0o600)
    folder.mkdir(0o700)
    provision(tmp_path, SEED, SECRET)
    link.symlink_to(tmp_path / SECRET_FILE)
    for path, why in ((pipe, "not a plain file"), (folder, "not a plain file"), (link, "not a link")):
        with pytest.raises(DeviceError, match=why):
            load_secret(path)
    with pytest.raises(DeviceError, match="make it with `locker device provision`"):
        load_secret(tmp_path / "none")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        SECRET,
        SECRET.hex().encode()[:-1],
        SECRET.hex().encode() + b"0",
        SECRET.hex().upper().encode(),
        SECRET.hex().encode() + b"\r\n",
        b" " + SECRET.hex().encode(),
        SECRET.hex().encode() + b"\n\n",
        b"\xff" * 64,
        b"0" * 10_000,
    ],
)
def test_only_the_one_form_of_a_secret_is_read(tmp_path: Path, content: bytes) -> None:
    """What an editor or a transfer has touched is refused, and nothing of it is said."""
    path = tmp_path / SECRET_FILE
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(DeviceError, match="not one line of 64 hexadecimal digits; restore it") as error:
        load_secret(path)
    assert SECRET.hex()[:8] not in str(error.value).lower()


def test_a_key_file_with_something_else_is_refused(tmp_path: Path) -> None:
    """Not PEM, another kind of key, a secret in the key's place."""
    for content in (b"hello", PrivateKey(SEED).to_pem()[:60], SECRET.hex().encode()):
        path = tmp_path / KEY_FILE
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(DeviceError, match="not an unencrypted PKCS #8 file of an Ed25519 private key; restore it"):
            load_key(path)
