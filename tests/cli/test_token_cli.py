"""``locker token``: what a technician types, what comes out, and which exit code."""

from __future__ import annotations

import io
import stat
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest
import zxingcpp
from PIL import Image

from locker import clock, config
from locker.authority import base45, cose
from locker.authority.ed25519 import PrivateKey
from locker.authority.issue import issue
from locker.authority.keys import KeyRing, kid_of
from locker.authority.token import Authority, Claims
from locker.cli.main import main
from locker.model import Now, Purpose, Size

AUD = "sjz-gate-1"
SEED_KEY = PrivateKey(b"\x01" * 32)
IAT = 1_750_000_000


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """Return a private key file with a known key."""
    path = tmp_path / "issuer.pem"
    path.write_bytes(SEED_KEY.to_pem())
    return path


def run(*words: str | Path) -> int:
    """Run ``locker token`` with these words."""
    return main(["token", *map(str, words)])


def usage_error(*words: str | Path) -> bool:
    """Whether the words are refused while parsing."""
    with pytest.raises(SystemExit) as stop:
        run(*words)
    return stop.value.code == 2


def known_token(**changes: object) -> str:
    """Return a deposit token of the known key, 1 h from IAT."""
    fields = {"key": SEED_KEY, "aud": AUD, "purpose": Purpose.DEPOSIT, "iat": IAT, "exp": IAT + 3600}
    return issue(**{**fields, "cti": bytes(16), "order": b"20250612-0042", **changes})  # type: ignore[arg-type]


def test_keygen_makes_a_private_file_and_prints_a_usable_entry(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The printed TOML decodes as the configuration's [[keys]] and is the public half of the file; mode 0600."""
    path = tmp_path / "staff.pem"
    assert run("keygen", path, "--purposes", "staff,technician", "--alg", "ed25519") == 0
    out, err = capsys.readouterr()
    [entry] = msgspec.convert(tomllib.loads(out)["keys"], list[config.Key])
    key = PrivateKey.from_pem(path.read_bytes())
    assert (entry.public, entry.purposes, entry.alg) == (key.public.hex(), ["staff", "technician"], -19)
    assert f"# kid {kid_of(key.public).hex()}" in out
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "PRIVATE" not in out + err
    assert len(KeyRing.from_config([entry])) == 1


def test_keygen_never_overwrites(key_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An existing file stays as it is, and the error says so; two new keys differ."""
    before = key_file.read_bytes()
    assert run("keygen", key_file) == 2
    assert "exists and is not overwritten" in capsys.readouterr().err
    assert key_file.read_bytes() == before
    assert run("keygen", key_file.with_name("a")) == run("keygen", key_file.with_name("b")) == 0
    assert key_file.with_name("a").read_bytes() != key_file.with_name("b").read_bytes()


def test_issue_signs_what_was_asked_for(key_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The token on standard output is accepted by a cabinet and has every option in it."""
    options = (
        "--order",
        "hex:00ff",
        "--door",
        "7",
        "--size",
        "L",
        "--low",
        "--spoken",
        "--life",
        "30m",
        "--nbf",
        "+5m",
    )
    earliest = clock.wall_s()
    assert run("issue", "--key", key_file, "--aud", AUD, "--purpose", "collect", *options) == 0
    out, err = capsys.readouterr()
    ring = KeyRing.from_config([config.Key(public=SEED_KEY.public.hex(), purposes=["collect"])])
    claims = Authority(ring, AUD).verify(out.encode(), Now(0, (clock.wall_s() + 600) * 1000))
    assert isinstance(claims, Claims), claims
    assert (claims.purpose, claims.order, claims.door) == (Purpose.COLLECT, b"\x00\xff", 7)
    assert (claims.size, claims.low, claims.spoken) == (Size.L, True, True)
    assert earliest <= claims.iat <= clock.wall_s()
    assert (claims.exp - claims.iat, claims.nbf) == (1800, claims.iat + 300)
    assert f"{len(out.strip())} characters" in err
    assert "QR version 8, error correction M, alphanumeric" in err


def test_issue_for_staff_and_never_the_same_id_twice(key_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Staff tokens carry the person; each token has its own id; --nbf takes Unix seconds and --alg is in the header."""
    words = ("issue", "--key", key_file, "--aud", AUD, "--purpose", "staff", "--sub", "王芳", "--alg", "ed25519")
    assert run(*words, "--nbf", "1") == 0
    assert run(*words, "--nbf", "1") == 0
    first, second = capsys.readouterr().out.splitlines()
    ring = KeyRing.from_config([config.Key(public=SEED_KEY.public.hex(), purposes=["staff"], alg=-19)])
    authority, now = Authority(ring, AUD), clock.now()
    claims = [authority.verify(text.encode(), now) for text in (first, second)]
    assert all(isinstance(each, Claims) and (each.sub, each.nbf) == ("王芳", 1) for each in claims)
    assert len({each.cti for each in claims if isinstance(each, Claims)}) == 2


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_issue_writes_the_code_and_draws_it(key_file: Path, capsys: pytest.CaptureFixture[str], suffix: str) -> None:
    """--out makes a picture of the printed token, --terminal draws it after the text."""
    picture = key_file.with_suffix(suffix)
    words = ("issue", "--key", key_file, "--aud", AUD, "--purpose", "deposit", "--order", "A-1", "--terminal")
    assert run(*words, "--out", picture) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 25
    assert "\x1b[38;5;231;48;5;231m▀▀▀▀" in lines[1]
    if suffix == ".svg":
        assert picture.read_text(encoding="utf-8").startswith("<svg ")
        return
    with Image.open(picture) as image:
        [read] = zxingcpp.read_barcodes(image.convert("L"), zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode]))
    assert read.text == lines[0]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--purpose", "deposit"), "order must be"),
        (("--purpose", "deposit", "--order", "x" * 17), "order must be"),
        (("--purpose", "staff"), "claim 2 is missing"),
        (("--purpose", "deposit", "--order", "x", "--life", "8d"), "exp - iat"),
        (("--purpose", "deposit", "--order", "x", "--door", "25"), "door must be"),
        (("--purpose", "staff", "--sub", "芳" * 32), "need QR version"),
    ],
)
def test_issue_refuses_nonsense_and_too_dense_codes(
    key_file: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], why: str
) -> None:
    """Exit code 2, the reason on standard error, no token on standard output."""
    assert run("issue", "--key", key_file, "--aud", AUD, *words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert why in err


def test_words_that_mean_nothing_are_usage_errors(key_file: Path) -> None:
    """Unknown purposes, durations, moments, hexadecimal and picture kinds are refused while parsing."""
    words = ("issue", "--key", key_file, "--aud", AUD, "--order", "x")
    for wrong in (
        ("--life", "soon"),
        ("--nbf", "tomorrow"),
        ("--nbf", "5m"),
        ("--order", "hex:0g"),
        ("--out", "a.gif"),
    ):
        assert usage_error(*words, "--purpose", "deposit", *wrong)
    assert usage_error(*words, "--purpose", "open-all")
    assert usage_error("keygen", "x", "--purposes", "deposit,everything")
    assert usage_error("verify", "LK1:")
    assert usage_error()


def test_a_key_file_that_is_none_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both a file with something else in it and a missing one."""
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("hello", encoding="ascii")
    for path in (wrong, tmp_path / "missing.pem"):
        assert run("issue", "--key", path, "--aud", AUD, "--purpose", "deposit", "--order", "x") == 2
        assert path.name in capsys.readouterr().err


def test_inspect_shows_and_says_that_nothing_is_verified(capsys: pytest.CaptureFixture[str]) -> None:
    """Every claim in words; the first line warns; a token of an unknown key is shown as well."""
    token = known_token(size=Size.M, low=True, nbf=IAT + 60)
    assert run("inspect", token) == 0
    out = capsys.readouterr().out
    assert out.startswith("NOT VERIFIED")
    for part in (
        f"{len(token)} characters",
        kid_of(SEED_KEY.public).hex(),
        AUD,
        f"{IAT + 3600} (2025-06-15T16:06:40+00:00)",
        f"{IAT + 60} (2025-06-15T15:07:40+00:00)",
        "00" * 16,
        "deposit",
        "the cabinet chooses",
        "32303235303631322d30303432 (20250612-0042)",
        "M, low door",
    ):
        assert part in out


def test_inspect_of_what_is_no_token_says_how_far_it_got(capsys: pytest.CaptureFixture[str]) -> None:
    """Foreign codes, Base45 of something else; exit code 1."""
    assert run("inspect", "https://example.org/") == 1
    assert "not a token: foreign" in capsys.readouterr().out
    assert run("inspect", "LK1:BB8") == 1
    assert "not a token: malformed" in capsys.readouterr().out


PROTECTED = cose.encode({1: -8, 4: b"kidd"})
CLAIMS = {3: AUD, 4: IAT + 60, 6: IAT, 7: bytes(16), -65537: [1, 0, b"x", 0]}


@pytest.mark.parametrize(
    ("protected", "payload", "why"),
    [
        (cose.encode({1: -8}), cose.encode(CLAIMS), "the protected header must have"),
        (PROTECTED, b"\x01", "not a map"),
        (PROTECTED, cose.encode({**CLAIMS, 4: IAT + 10**9, 99: "\x1b[2J"}), "claim 99 is not allowed"),
        (PROTECTED, cose.encode({**CLAIMS, 4: 2**62}), "exp - iat must be"),
        (PROTECTED, b"\xb8\x05" + cose.encode(CLAIMS)[1:], "the payload is not in its deterministic form"),
    ],
)
def test_inspect_names_what_breaks_the_contract(
    capsys: pytest.CaptureFixture[str], protected: bytes, payload: bytes, why: str
) -> None:
    """As much as can be read is shown, without control characters; exit code 1."""
    text = "LK1:" + base45.encode(cose.encode_message(protected, payload, bytes(range(64))))
    assert run("inspect", text) == 1
    out = capsys.readouterr().out
    assert "NOT VERIFIED" in out
    assert f"not as the contract prescribes: {why}" in out
    assert "\x1b" not in out


def test_inspect_and_verify_read_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """- and nothing mean standard input, so that a scanner's or another command's output can be piped in."""
    for words in (("inspect",), ("inspect", "-"), ("verify", "--public", SEED_KEY.public.hex(), "--aud", AUD)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(known_token().encode() + b"\n")))
        run(*words)
        assert "malformed" not in capsys.readouterr().out


def test_verify_with_a_public_key_says_ok_or_why_not(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0 and the errand, or 1 with the reason and what a person would read in both languages."""
    public = ("--public", SEED_KEY.public.hex(), "--aud", AUD, "--at", str(IAT + 60))
    assert run("verify", known_token(), *public) == 0
    out = capsys.readouterr().out
    assert out.startswith("ok\n")
    assert "deposit" in out
    assert run("verify", known_token(iat=IAT - 9000, exp=IAT - 8000), *public) == 1
    out = capsys.readouterr().out
    assert out.startswith("refused: expired (")
    assert "\nzh: " in out
    assert "\nen: " in out


@pytest.mark.parametrize(
    ("token", "more", "reason"),
    [
        (known_token(aud="sjz-gate-2"), (), "wrong_cabinet"),
        (known_token(key=PrivateKey(bytes(32))), (), "unknown_key"),
        (known_token()[:-1] + "1", (), "signature"),
        (known_token(), ("--purposes", "staff"), "purpose"),
        (known_token(), ("--alg", "ed25519"), "header"),
        (known_token(), ("--at", str(IAT - 500)), "not_yet_valid"),
        ("6901234567892", (), "foreign"),
        ("LK1:红", (), "unreadable"),
        ("LK1:ABC" * 2, (), "two_codes"),
        ("A" * 500, (), "too_long"),
    ],
)
def test_verify_names_the_reason(
    capsys: pytest.CaptureFixture[str], token: str, more: tuple[str, ...], reason: str
) -> None:
    """Every refusal that a token can have is printed under its name, with sentences that exist."""
    public = ("--public", SEED_KEY.public.hex(), "--aud", AUD, "--at", str(IAT + 60))
    assert run("verify", token, *public, *more) == 1
    assert capsys.readouterr().out.startswith(f"refused: {reason} (")


def test_verify_without_what_it_needs_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No --aud, a key that is none, a configuration that is not there: exit code 2, not a refusal."""
    assert run("verify", "LK1:", "--public", SEED_KEY.public.hex()) == 2
    assert "--aud" in capsys.readouterr().err
    for wrong in ("xyz", "00" * 32, "ab"):
        assert run("verify", "LK1:", "--public", wrong, "--aud", AUD) == 2
        assert f"--public {wrong}" in capsys.readouterr().err
    assert run("verify", "LK1:", "--config", tmp_path / "missing.toml") == 2
    assert "missing.toml" in capsys.readouterr().err


CABINET_TOML = """
[cabinet]
id = "sjz-gate-1"
phone = "0311-1234567"

[[doors]]
door = 1
size = "M"
side = "left"
row = 1
channel = 0

[[boards]]
port = "/dev/serial/by-id/board"

[scanner]
port = "/dev/serial/by-id/scanner"

[store]
path = "/var/lib/locker/locker.db"

[[keys]]
public = "{public}"
purposes = ["deposit"]
"""


def test_verify_with_a_configuration_judges_as_that_cabinet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Id, keys and the phone number in the advice come from the file."""
    path = tmp_path / "cabinet.toml"
    path.write_text(CABINET_TOML.format(public=SEED_KEY.public.hex()), encoding="utf-8")
    assert run("verify", known_token(), "--config", path, "--at", str(IAT + 60)) == 0
    assert capsys.readouterr().out.startswith("ok")
    assert run("verify", known_token(key=PrivateKey(bytes(32))), "--config", path, "--at", str(IAT + 60)) == 1
    out = capsys.readouterr().out
    assert "refused: unknown_key" in out
    assert "0311-1234567" in out
