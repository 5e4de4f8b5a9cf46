"""``locker token``: make a key, issue a token, look at one, check one.

Knows files, the clock and the operating system's randomness, and hands them to ``locker.authority``. ``issue`` is for
commissioning, tests and demonstrations: in service only the cloud issues. Must never log: what it prints is for the
person who typed the command. Exit codes: 0 done or valid, 1 the token is refused; errors are raised (2 by ``main``).
"""

from __future__ import annotations

import argparse
import re
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from locker import clock, config, texts
from locker.authority import base45, cose
from locker.authority.claims import CTI_BYTES, Claims, ClaimsError, read
from locker.authority.ed25519 import PublicKey
from locker.authority.issue import issue
from locker.authority.keys import IssuerKey, KeyRing, kid_of
from locker.authority.token import PREFIX, READING_BYTES_MAX, Authority, Refused, unpack
from locker.cli import keyfile, qr
from locker.cli.held import held_by
from locker.model import Now, Purpose, Quality, Size

PURPOSES = tuple(purpose.name.lower() for purpose in Purpose)
ALGS = {"eddsa": cose.EDDSA, "ed25519": cose.ED25519}

_UNIT_S = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_CLAIM_NAMES = {2: "sub", 3: "aud", 4: "exp", 5: "nbf", 6: "iat", 7: "cti", 10: "nonce", -65537: "errand"}
_NO_PHONE = "…"


class TokenCommandError(ValueError):
    """What was typed cannot be carried out; says which word or file, and what to do."""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the commands below ``locker token``."""
    commands = parser.add_subparsers(dest="token_command", required=True, metavar="COMMAND")
    _register_keygen(commands.add_parser("keygen", help="make an issuer's key; print the [[keys]] entry for cabinets"))
    _register_issue(commands.add_parser("issue", help="sign a token and draw its QR code"))
    inspect = commands.add_parser("inspect", help="show what a token says, without believing it")
    inspect.add_argument("token", nargs="?", default="-", help="its text; - (the default) reads standard input")
    _register_verify(commands.add_parser("verify", help="say whether a cabinet would accept a token, or why not"))


def run(args: argparse.Namespace) -> int:
    """Carry out the command that was parsed; return the exit code."""
    commands = {"keygen": _keygen, "issue": _issue, "inspect": _inspect, "verify": _verify}
    return commands[args.token_command](args)


def _register_keygen(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="new PKCS #8 file for the private key (mode 0600, never overwritten)")
    parser.add_argument(
        "--purposes", type=_purposes, default=["deposit", "collect"], help="comma-separated (default deposit,collect)"
    )
    parser.add_argument("--alg", choices=ALGS, default="eddsa", help="eddsa is -8 (default), ed25519 is -19")


def _register_issue(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--key", type=Path, required=True, help="the issuer's private key, from keygen")
    add("--aud", required=True, help="the cabinet's id")
    add("--purpose", choices=PURPOSES, required=True)
    add("--order", type=_order, default=b"", help="order number: a text, or hex:0a1b...; 1 to 16 bytes")
    add("--door", type=int, default=0, help="0 (default): the cabinet chooses")
    add("--size", choices=[size.name for size in Size], help="smallest size wanted")
    add("--low", action="store_true", help="a low door is preferred")
    add("--spoken", action="store_true", help="spoken help is wanted")
    add("--life", type=_duration_s, default=_duration_s("24h"), help="exp - iat: 90s, 30m, 24h (default), 7d")
    add("--sub", default="", help="the person; for staff and technicians only")
    add("--nbf", type=_moment, help="not before: Unix seconds, or +30m from now")
    add("--alg", choices=ALGS, default="eddsa", help="as the key's entry in the cabinet says")
    add("--out", type=_picture, help="write the QR code to this .png or .svg file")
    add("--terminal", action="store_true", help="draw the QR code in the terminal")


def _register_verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("token", nargs="?", default="-", help="its text; - (the default) reads standard input")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--config", type=Path, help="a cabinet's configuration: its id, and its keys or the set it holds"
    )
    source.add_argument("--public", help="one public key, 64 hexadecimal digits; needs --aud")
    parser.add_argument("--aud", help="the cabinet's id, with --public")
    parser.add_argument("--purposes", type=_purposes, default=list(PURPOSES), help="what --public may sign for")
    parser.add_argument("--alg", choices=ALGS, default="eddsa", help="algorithm of --public")
    parser.add_argument("--at", type=int, help="judge as at this Unix second, not now")


def _keygen(args: argparse.Namespace) -> int:
    key = keyfile.create(args.file)
    names = ", ".join(f'"{name}"' for name in args.purposes)
    print(f"# kid {kid_of(key.public).hex()}")
    print(f'[[keys]]\npublic = "{key.public.hex()}"\npurposes = [{names}]\nalg = {ALGS[args.alg]}\nstate = "active"')
    print(f"private key written to {args.file}; keep it where tokens are issued, never on a cabinet", file=sys.stderr)
    return 0


def _issue(args: argparse.Namespace) -> int:
    iat = clock.wall_s()
    text = issue(
        key=keyfile.read(args.key, "locker token keygen"),
        aud=args.aud,
        purpose=Purpose[args.purpose.upper()],
        iat=iat,
        exp=iat + args.life,
        cti=secrets.token_bytes(CTI_BYTES),
        order=args.order,
        door=args.door,
        size=Size[args.size] if args.size else None,
        low=args.low,
        spoken=args.spoken,
        sub=args.sub,
        nbf=_nbf_from(args.nbf, iat),
        alg=ALGS[args.alg],
    )
    code = qr.draw(text)
    print(text)
    print(_measure(text, code.version), file=sys.stderr)
    if args.out:
        args.out.write_bytes(qr.png(code) if args.out.suffix == ".png" else qr.svg(code).encode())
    if args.terminal:
        print(qr.terminal(code), end="")
    return 0


def _inspect(args: argparse.Namespace) -> int:
    raw = _reading(args.token)
    message = unpack(raw)
    print("NOT VERIFIED: anybody can write this; only `locker token verify` says whether it is true")
    if isinstance(message, Refused):
        print(f"not a token: {message.reason.value} ({message.detail})")
        return 1
    text = raw.strip().decode()
    _table([("size", _measure(text, qr.draw(text, qr.VERSION_ANY).version))])
    try:
        alg, kid = cose.header(message)
        _table([("alg", str(alg)), ("kid", kid.hex())])
        fields = cose.decode_map(message.payload)
        _table([(f"{key:>6} {_CLAIM_NAMES.get(key, '?')}", _plain(key, fields[key])) for key in fields])
        _table(_errand_rows(read(fields, kid)))
    except (cose.CoseError, ClaimsError) as wrong:
        print(f"not as the contract prescribes: {wrong}")
        return 1
    if level := cose.not_canonical(message):
        print(f"not as the contract prescribes: the {level} is not in its deterministic form")
        return 1
    return 0


def _verify(args: argparse.Namespace) -> int:
    authority, phone = _authority(args)
    now = clock.now() if args.at is None else Now(0, args.at * 1000, Quality.SYNCED)
    verdict = authority.verify(_reading(args.token), now)
    if isinstance(verdict, Claims):
        print("ok")
        _table([("key", verdict.kid.hex()), ("exp", _time(verdict.exp)), *_errand_rows(verdict)])
        return 0
    name = verdict.reason.value
    print(f"refused: {name} ({verdict.detail})")
    for language in texts.LANGUAGES:
        said = (texts.sentence("refusals", name, language, part=part, phone=phone) for part in ("say", "next"))
        print(f"{language}: " + " | ".join(said))
    return 1


def _authority(args: argparse.Namespace) -> tuple[Authority, str]:
    """Return the authority asked for and the phone number its sentences name."""
    if args.config:
        loaded = config.load(args.config)
        if loaded.authority is not None:
            return held_by(loaded, loaded.authority).trust.authority, loaded.cabinet.phone
        return Authority(KeyRing.from_config(loaded.keys), loaded.cabinet.id), loaded.cabinet.phone
    if not args.aud:
        raise TokenCommandError("--public needs --aud, the cabinet's id")
    try:
        public = PublicKey(bytes.fromhex(args.public))
    except ValueError as wrong:
        raise TokenCommandError(f"--public {args.public}: {wrong}") from None
    purposes = frozenset(Purpose[name.upper()] for name in args.purposes)
    return Authority(KeyRing([IssuerKey(public, purposes, ALGS[args.alg])]), args.aud), _NO_PHONE


def _nbf_from(moment: tuple[bool, int] | None, iat: int) -> int | None:
    """Return Unix seconds of a parsed ``--nbf``."""
    if moment is None:
        return None
    counted_from_now, seconds = moment
    return iat + seconds if counted_from_now else seconds


def _reading(token: str) -> bytes:
    """Return a token's text as a scanner would give it."""
    return sys.stdin.buffer.read(READING_BYTES_MAX + 1) if token == "-" else token.encode(errors="surrogateescape")


def _measure(text: str, version: int) -> str:
    """Say how large a token and its code are."""
    size = len(base45.decode(text.encode()[len(PREFIX) :]))
    return f"{len(text)} characters, {size} bytes; QR version {version}, error correction M, alphanumeric"


def _errand_rows(claims: Claims) -> list[tuple[str, str]]:
    """Return what the token is for, in words."""
    wishes = [claims.size.name if claims.size else "any size"]
    wishes += [word for word, wanted in (("low door", claims.low), ("spoken help", claims.spoken)) if wanted]
    return [
        ("purpose", claims.purpose.name.lower()),
        ("door", str(claims.door or "the cabinet chooses")),
        ("order", _plain(0, claims.order) if claims.order else "none"),
        ("wishes", ", ".join(wishes)),
    ]


def _plain(key: int, value: Any) -> str:
    """Return a claim's value for a person: times as dates, bytes in hexadecimal and as text where they are text."""
    if key in (4, 5, 6) and type(value) is int:
        return _time(value)
    if not isinstance(value, bytes):
        return ascii(value) if not isinstance(value, str) or not value.isprintable() else value
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return value.hex()
    return f"{value.hex()} ({text})" if text.isprintable() and text else value.hex()


def _time(seconds: int) -> str:
    try:
        return f"{seconds} ({datetime.fromtimestamp(seconds, UTC).isoformat()})"
    except (OverflowError, ValueError, OSError):
        return f"{seconds} (no date)"


def _table(rows: list[tuple[str, str]]) -> None:
    for name, value in rows:
        print(f"{name:<14}{value}")


def _purposes(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in PURPOSES]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is no purpose; there are {', '.join(PURPOSES)}")
    return names


def _order(text: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("hex:")) if text.startswith("hex:") else text.encode()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} has something after hex: that is not hexadecimal") from None


def _duration_s(text: str) -> int:
    match = re.fullmatch(r"([0-9]{1,9})([smhd]?)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 90s, 30m, 24h or 7d")
    return int(match[1]) * _UNIT_S[match[2]]


def _moment(text: str) -> tuple[bool, int]:
    """Return (whether counted from now, seconds)."""
    if text.startswith("+"):
        return True, _duration_s(text[1:])
    if not re.fullmatch(r"[0-9]{1,12}", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no moment; write Unix seconds, or +30m for half an hour from now"
        )
    return False, int(text)


def _picture(text: str) -> Path:
    path = Path(text)
    if path.suffix not in (".png", ".svg"):
        raise argparse.ArgumentTypeError(f"{text!r} must end in .png or .svg")
    return path
