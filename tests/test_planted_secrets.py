"""Known secrets are planted, everything that these modules can say is made them say, and no part of a secret is in it.

Every output, error, log line and traceback (with the values of local variables, where a secret's file is what is wrong)
is searched for the secrets in every form in which bytes become text.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import logging
import os
import pickle
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from broker_rig import Far, Start, broker
from logs import DEPOSITED, EPOCH, ORDER, START_MS, write
from process_rig import Rig

from locker.authority import base45, hotp, lockout, receipt
from locker.authority.ed25519 import PrivateKey
from locker.cli.main import GROUPS, main
from locker.device import KEY_FILE, SECRET_FILE, Device, DeviceError, load, load_key, load_secret, provision
from locker.logbook import hashes
from locker.model import Now, Quality

ROOT = Path(__file__).resolve().parent.parent
SEED = bytes.fromhex("8f3ac1d5e07b264991ddeeb1c0ffee5e11a7a70e5ec4e75eed0b5e55ed5eed77")
SECRET = bytes.fromhex("a95cd1f2837be6044efa9917c3b1d68be2704b5ac8f1930dd56ea2c791fb3e08")
PART = 6
"""So many bytes of a secret in a row are already too much."""


def forms(secret: bytes) -> Iterator[bytes]:
    """Every text that ``PART`` bytes of a secret in a row would be."""
    for start in range(len(secret) - PART + 1):
        part = secret[start : start + PART]
        yield from (part, part.hex().encode(), part.hex().upper().encode(), part.hex(" ").encode())
        yield repr(part)[2:-1].encode()
        yield str(list(part))[1:-1].encode()
        yield base45.encode(part).encode()
        for lead in range(3):
            yield base64.b64encode(bytes(lead) + part)[-(-lead * 8 // 6) : (lead + PART) * 8 // 6]
        yield str(int.from_bytes(part, "big")).encode()
    yield str(int.from_bytes(secret, "big")).encode()
    yield str(int.from_bytes(secret, "little")).encode()


FORMS = {form for secret in (SEED, SECRET) for form in forms(secret) if len(form) >= PART}


def leaks(said: bytes) -> list[bytes]:
    """Which forms of the secrets are in it."""
    return [form for form in FORMS if form in said]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A provisioned cabinet with the planted secrets."""
    provision(tmp_path, SEED, SECRET)
    return tmp_path


def test_the_search_finds_what_is_there(folder: Path) -> None:
    """It finds the secrets in their own files, in PEM, in every other form, and nothing in other bytes."""
    assert leaks((folder / KEY_FILE).read_bytes())
    assert leaks((folder / SECRET_FILE).read_bytes())
    for said in (SEED, repr(SECRET).encode(), json.dumps(list(SEED)).encode(), base64.b64encode(b"xyz" + SECRET)):
        assert leaks(said)
    assert leaks(b"the key is " + SEED.hex().encode()[20:34])
    assert not leaks(PrivateKey(bytes(32)).to_pem() + bytes(range(256)) + PrivateKey(SEED).public.hex().encode())


def said_of(value: object) -> bytes:
    """All that can be got to be said of a value without asking for its secret."""
    words = [repr(value), str(value), f"{value}", f"{value!r:>80}", repr([value]), repr({"x": value})]
    names = [
        name for name in dir(value) if name not in ("to_pem", "sign", "__weakref__")
    ]  # Python 3.11.2 cannot read it
    words += [f"{name}={getattr(value, name)!r}" for name in names]
    attempts: list[Callable[[Any], Any]] = [pickle.dumps, copy.deepcopy, json.dumps, vars, bytes]
    for attempt in attempts:
        try:
            words.append(repr(attempt(value)))
        except (TypeError, ValueError) as error:
            words.append("".join(traceback.format_exception(error)))
    return "\n".join(words).encode(errors="backslashreplace")


def test_no_object_shows_its_secret(folder: Path) -> None:
    """Key, secret and both together: repr, str, format, attributes, pickle, copy, json."""
    device = load(folder)
    for value in (device, device.key, device.pickup, Device(device.key, device.pickup)):
        assert not leaks(said_of(value))


def broken(folder: Path) -> Iterator[Callable[[], object]]:
    """Every way in which loading or using the secrets goes wrong although their bytes are at hand."""
    key, secret = folder / KEY_FILE, folder / SECRET_FILE
    pem, line = key.read_bytes(), secret.read_bytes()
    for content in (pem[:-40], pem[30:], pem.replace(b"PRIVATE", b"SECRET"), b"\xff" + pem[1:], line, SEED):
        key.write_bytes(content)
        yield lambda: load_key(key)
    key.write_bytes(pem)
    for content in (line[:-2], line + b"0", line.upper(), b"\xff" + line, line * 2, SECRET, pem):
        secret.write_bytes(content)
        yield lambda: load_secret(secret)
    secret.write_bytes(line)
    for path in (key, secret):
        path.chmod(0o644)
        yield lambda: load(folder)
        path.chmod(0o600)
    device = load(folder)
    yield lambda: hotp.code(device.pickup, -1, 6)
    yield lambda: hotp.code(device.pickup, 1, 9)
    yield lambda: hotp.match("1", device.pickup, dict.fromkeys(range(25)), 6)
    yield lambda: hotp.next_free(device.pickup, 1, 6, range(25))
    yield lambda: receipt.sign(receipt.Receipt("", 0, "", 0, b"", 0, Quality.RTC, b""), device.key)


def test_no_error_and_no_traceback_shows_a_secret(folder: Path) -> None:
    """Not even with the values of local variables, as some crash reporters print them."""
    count = 0
    for attempt in broken(folder):
        with pytest.raises(ValueError) as caught:
            attempt()
        told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        ours = [line for line in told.format() if "broken(" not in line and "test_planted" not in line]
        assert not leaks("".join(ours).encode(errors="backslashreplace")), "".join(ours)
        assert not leaks(str(caught.value).encode(errors="backslashreplace"))
        count += isinstance(caught.value, DeviceError)
    assert count == 15


def commands(folder: Path) -> list[list[str]]:
    """Every command of these groups, well and badly used, also on the secrets' own files."""
    database, key, secret = write(folder / "locker.db"), str(folder / KEY_FILE), str(folder / SECRET_FILE)
    row_hash = hashes(database)[DEPOSITED][:16]
    at_s = START_MS // 1000 + DEPOSITED - 1
    deposit = receipt.Receipt("xy-001", at_s, EPOCH, DEPOSITED, ORDER, 7, Quality.SYNCED, row_hash)
    text, public = receipt.sign(deposit, load(folder).key), load(folder).key.public.hex()
    return [
        ["device", "provision", str(folder)],
        ["device", "show", str(folder)],
        ["device", "show", key],
        ["pickup", "code", "--secret-file", secret, "--counter", "7"],
        ["pickup", "code", "--secret-file", secret, "--counter", "-7"],
        ["pickup", "code", "--secret-file", key, "--counter", "7"],
        ["receipt", "verify", text, "--public", public, "--log", str(database)],
        ["receipt", "verify", secret, "--public", public],
        ["receipt", "verify", key, "--public", public],
        ["log", "verify", str(database)],
        ["log", "verify", secret],
        ["log", "verify", key],
        ["log", "verify", str(database), "--against", secret],
        ["log", "export", str(database)],
        ["log", "export", secret],
        *([group.name, "--help"] for group in GROUPS if group.name in ("device", "pickup", "receipt", "log")),
    ]


def test_no_command_prints_a_secret(
    folder: Path, capsysbinary: pytest.CaptureFixture[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither what is printed nor what is logged has one; ``pickup code`` prints the code that was asked for alone."""
    caplog.set_level(logging.DEBUG)
    for words in commands(folder):
        try:
            main(words)
        except SystemExit:
            assert words[-1] == "--help"
        out, err = capsysbinary.readouterr()
        assert out or err
        assert not leaks(out + err), words
        assert not leaks(caplog.text.encode())


def test_a_crash_shown_with_its_place_shows_no_secret(folder: Path) -> None:
    """LOCKER_DEBUG=1 prints tracebacks; those of a damaged secret have nothing of it."""
    secret = folder / SECRET_FILE
    secret.write_bytes(secret.read_bytes()[:-3])
    (folder / KEY_FILE).write_bytes((folder / KEY_FILE).read_bytes()[:100])
    for words in (["pickup", "code", "--secret-file", str(secret), "--counter", "1"], ["device", "show", str(folder)]):
        told = subprocess.run(
            [sys.executable, "-m", "locker", *words],
            cwd=ROOT,
            env=os.environ | {"LOCKER_DEBUG": "1"},
            capture_output=True,
        )
        assert b"Traceback" in told.stderr
        assert not leaks(told.stdout + told.stderr)


def test_no_value_that_is_saved_or_sent_has_a_secret_or_a_code(folder: Path) -> None:
    """The receipt, the lock-out and the log: neither the secrets nor any held item's code are in them."""
    device = load(folder)
    codes = [hotp.code(device.pickup, counter, 8).encode() for counter in range(24)]
    assert hotp.match(codes[5].decode(), device.pickup, dict.fromkeys(range(24)), 8) == 5
    state = lockout.Lockout("boot", 0).wrong(Now(5, 0)).wrong(Now(6, 0))
    deposit = receipt.Receipt("xy-001", 1, EPOCH, 1, ORDER, 7, Quality.FLOOR, bytes(16))
    saved = [state.to_text().encode(), repr(state).encode(), receipt.sign(deposit, device.key).encode()]
    saved.append(base45.decode(saved[2][5:]))
    for each in saved:
        assert not leaks(each)
        assert not [one for one in codes if one in each]


# --- the whole cabinet ----------------------------------------------------------------------------

SITE_SEED = 77
ISSUERS = [hashlib.sha256(f"demo key {name} {SITE_SEED}".encode()).digest() for name in ("resident", "staff")]
"""What the keys of the demo's issuers are made of. The cabinet is not given them; no output may have them."""


@pytest.fixture
def far(free_ports: Callable[[int], list[int]], tmp_path: Path, start: Start, program: Any) -> Iterator[Far]:
    """A running broker at which somebody else may listen."""
    for made in broker("embedded", 5, free_ports(2), tmp_path, start, program):
        made.start()
        yield made


class Glass:
    """A second screen at the panel's socket, which keeps every byte that it is sent."""

    def __init__(self, path: Path) -> None:
        self.said = bytearray()
        self._link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._link.connect(str(path))
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while piece := self._link.recv(65_536):
            self.said += piece

    def close(self) -> bytes:
        """All that was shown until the controller ended."""
        self._thread.join(10)
        assert not self._thread.is_alive()
        self._link.close()
        return bytes(self.said)


DIGITS, WRONG = 8, "73951846"
"""Of the pick-up codes that are typed: eight, so that none is in a time or a hash by chance."""


def types(rig: Rig, digits: str, screen: str) -> None:
    """Type on the screen that is shown now, and wait for the next one."""
    rig.person.until(lambda: rig.person.screen.get("digits") == DIGITS, "the keypad")
    number = rig.person.screen["number"]
    rig.street.type_code(digits, number)
    rig.person.until(lambda: rig.person.screen.get("number") != number, "an answer to what was typed")
    rig.person.sees(screen)


def a_day_in_short(rig: Rig, codes: list[str]) -> bytes:
    """A drop-off with its receipt, refusals, a remote order, a collection by code, two restarts; what was shown."""
    file = rig.site.config_file
    text = file.read_text("utf-8").replace("[pickup]\ndigits = 6\n", f"[pickup]\ndigits = {DIGITS}\n")
    file.write_text(text, "utf-8")
    rig.power_on()
    glass = Glass(rig.site.panel_socket)
    item = rig.person.drops_off(rig.issuer.deposit("S"))
    rig.person.hears("receipt")
    rig.person.leaves()
    rig.person.is_refused(rig.issuer.odd("forged"), "signature")
    assert rig.person.commands("open")["reason"] == "grant_needed"
    rig.restarted()
    said = glass.close()
    glass = Glass(rig.site.panel_socket)
    for _ in range(2):
        types(rig, WRONG, "refused")
    (deposited,) = rig.of(item.code, "deposited")
    codes.append(hotp.code(hotp.Secret(SECRET), deposited["data"]["load"], DIGITS))
    types(rig, codes[-1], "open_collect")
    rig.person.takes_out(item)
    rig.person.sees("collected")
    for name in (KEY_FILE, SECRET_FILE):
        (rig.site.folder / name).write_bytes((rig.site.folder / name).read_bytes()[:60])
    rig.restarted()
    rig.person.hears("receipts_off")
    rig.person.hears("pickup_off")
    rig.settled()
    return said + glass.close()


def test_a_running_controller_says_no_secret(far: Far, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every MQTT payload and topic, every line to a screen, the log with tracebacks on, all files but their own.

    Neither a secret nor a typed code, right or wrong, is in any of them.
    """
    monkeypatch.setenv("LOCKER_DEBUG", "1")
    folder = tmp_path / "cabinet"
    folder.mkdir()
    provision(folder, SEED, SECRET)
    witness, codes = far.peer("#"), [WRONG]
    with Rig(folder, seed=SITE_SEED, broker_port=far.port) as rig:
        outputs = {"screen": a_day_in_short(rig, codes)}
        answers = [payload for topic, payload, _ in witness.got if topic.endswith("up/rsp")]
    outputs["mqtt"] = b"\n".join(topic.encode() + b" " + payload for topic, payload, _ in witness.got)
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in (KEY_FILE, SECRET_FILE)]
    outputs |= {path.name: path.read_bytes() for path in files}
    assert answers and b"LKR1:" in outputs["screen"] and outputs["mqtt"].count(b'"receipts_off"') == 1
    assert len(codes) == 2 and b'"code_wrong"' in outputs["mqtt"] and b"no pick-up codes" in outputs["controller.log"]
    assert b"no deposit receipts" in outputs["controller.log"] and b"LKR1:" in outputs["locker.db"]
    issuers = {form for secret in ISSUERS for form in forms(secret) if len(form) >= PART}
    for name, said in outputs.items():
        assert said or name.endswith((".lock", "-wal")), f"nothing was said: {name}"
        assert not leaks(said), name
        assert not [form for form in issuers if form in said], name
        assert not [code for code in codes if code.encode() in said], f"{name} has a typed code"
