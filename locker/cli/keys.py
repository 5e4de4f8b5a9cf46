"""``locker keys``: the root key, key sets and revocation lists, from a laptop to the cabinet.

Knows files, the clock and how to print; every rule is in ``locker.authority``. Must never log: what it prints is for
the person who typed the command, and no private key is in it. Exit codes: 0 done, 1 the document is refused; errors
are raised (2 by ``main``).

``import`` puts a document where the controller finds it: ``keys.lks`` and ``revoked.lkr`` in its inbox folder
(the database's own, or that of the configuration). The controller believes neither file nor name and verifies again,
against the version it has had.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from locker import clock, config
from locker.authority import claims, cose, keyset, revocation, root
from locker.authority.ed25519 import PrivateKey, PublicKey
from locker.authority.issue_set import gaps, make_revocation, make_set, objections, still_needed, unserved
from locker.authority.keys import NO_END, kid_of
from locker.authority.keyset import KeySet, public_id
from locker.authority.revocation import RevocationList
from locker.authority.root import NONE_YET, DocumentError, DocumentRefused, Edition, Fault
from locker.authority.token import Refused, unpack
from locker.cli import keyfile, set_file
from locker.model import Purpose

_Signed = TypeVar("_Signed", KeySet, RevocationList)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of document: the file that the controller reads, and the two ways to look at its bytes."""

    file: str
    verify: Callable[[bytes, PublicKey, Edition], KeySet | RevocationList | DocumentRefused]
    inspect: Callable[[bytes], KeySet | RevocationList]


SET = Kind("keys.lks", keyset.verify, keyset.inspect)
LIST = Kind("revoked.lkr", revocation.verify, revocation.inspect)

ADVICE: dict[Fault, str] = {
    Fault.TOO_LONG: "leave retired keys or expired tokens out",
    Fault.MALFORMED: "this is no key set and no revocation list, or it was damaged on the way; fetch it again",
    Fault.HEADER: "make it again with `locker keys`",
    Fault.OTHER_ROOT: "this comes from another issuer, or --root is another one's; compare with `locker keys root`",
    Fault.SIGNATURE: "do not use it: it was changed after it was signed; fetch it again from the issuer",
    Fault.CONTENT: "make it again with `locker keys`",
    Fault.NOT_CANONICAL: "make it again with `locker keys`",
    Fault.ROLLBACK: "an older one is never taken; give the newest, or make one with a higher version",
    Fault.CONFLICT: "two different documents have this version; make one with a higher version from the right one",
    Fault.EMPTY: "name at least one key",
    Fault.EQUAL_KIDS: "make a new key in place of one of the two",
    Fault.WRONG_KID: "make it again with `locker keys`",
    Fault.UNUSABLE_KEY: "make a new key with `locker token keygen`",
    Fault.MIXED_PURPOSES: "make two keys: one for deposit and collect, one for staff and technician",
    Fault.ROOT_AS_ISSUER: "make a key of its own with `locker token keygen`; the root only signs sets and lists",
}

_STEPS = """\
自己当签发方,一台笔记本就够  An issuer of your own, from a laptop:
  1  locker keys root root.pem                         根钥匙;打印的公钥写进柜子配置的 [authority] root
                                                       the root key; cabinets pin what it prints (HEX below; print it
                                                       again 再打印一次: locker keys root root.pem --again)
  2  locker token keygen residents.pem                 签居民令牌的钥匙  the key for residents' tokens
     locker token keygen staff.pem --purposes staff,technician
  3  write set.toml, one table for each key            把 locker keys make-set --help 末尾的例子存成 set.toml,改日期
                                                       save the example at the end of that help, change its dates;
                                                       what keygen printed is not needed: the set names the files
  4  locker keys make-set set.toml --root-key root.pem --first --out keys-1.lks
  5  locker keys show keys-1.lks --root HEX            核对 look at it
  6  on the cabinet 在柜子上:
     sudo locker keys import keys-1.lks --config /etc/locker/cabinet.toml
     (first make its own secrets 先生成本柜的密钥: locker device provision --help)
  7  locker token issue --key residents.pem --aud CABINET --purpose deposit --order A-1 --terminal
  8  locker keys revoke 'LK1:...' --root-key root.pem --first --out revoked-1.lkr   作废一个令牌 take a token back
Then put root.pem away, on two sticks in two places. 然后把 root.pem 存到两个U盘,分两处锁好。
Changing keys, and what to do when one is stolen 换钥匙、钥匙被盗怎么办: docs/keys.md
"""


class KeysCommandError(ValueError):
    """What was typed cannot be carried out; says which word, file or key, and what to do."""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the commands below ``locker keys``."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _STEPS
    commands = parser.add_subparsers(dest="keys_command", required=True, metavar="COMMAND")
    made = commands.add_parser("root", help="根钥匙  make the root key; print what cabinets pin")
    made.add_argument("file", type=Path, help="new PKCS #8 file (mode 0600, never overwritten)")
    made.add_argument("--again", action="store_true", help="make nothing; print the public half of the file there")
    _register_make_set(commands)
    _register_revoke(commands)
    show = commands.add_parser("show", help="看一看  show what a key set or revocation list says")
    show.add_argument("file", type=Path)
    show.add_argument("--root", type=_public, metavar="HEX", help="check that this root signed it; else NOT VERIFIED")
    _register_import(commands.add_parser("import", help="装进柜子  check it and give it to this cabinet's controller"))


def run(args: argparse.Namespace) -> int:
    """Carry out the command that was parsed; return the exit code."""
    commands: dict[str, Callable[[argparse.Namespace], int]] = {
        "root": _root,
        "make-set": _make_set,
        "revoke": _revoke,
        "show": _show,
        "import": _import,
    }
    return commands[args.keys_command](args)


def _register_make_set(commands: Any) -> None:
    parser = commands.add_parser(
        "make-set",
        help="签一份钥匙集  sign the next key set",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"set.toml, for example 例子:\n\n{set_file.EXAMPLE}",
    )
    parser.add_argument("description", type=Path, help="the TOML file that describes the keys (below)")
    parser.add_argument(
        "--emergency",
        action="store_true",
        help="a key was stolen: without overlap, though cabinets that miss this set will refuse good tokens",
    )
    _register_signing(parser, "keys-2.lks")


def _register_revoke(commands: Any) -> None:
    parser = commands.add_parser("revoke", help="作废令牌  sign the next revocation list")
    parser.add_argument("tokens", nargs="*", metavar="TOKEN", help="its text (LK1:...), or cti:exp (32 hex : seconds)")
    _register_signing(parser, "revoked-2.lkr")


def _register_signing(parser: argparse.ArgumentParser, example: str) -> None:
    parser.add_argument("--root-key", type=Path, required=True, help="the root's private key, from `locker keys root`")
    before = parser.add_mutually_exclusive_group(required=True)
    before.add_argument("--first", action="store_true", help="version 1: no cabinet has had one of this root")
    before.add_argument("--previous", type=Path, metavar="FILE", help="the one in force: its version + 1")
    before.add_argument("--after", type=int, metavar="N", help="its file is lost: version N + 1, nothing is compared")
    parser.add_argument("--out", type=Path, required=True, help=f"new file, never overwritten, such as {example}")


def _register_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="a key set or a revocation list")
    parser.add_argument("--root", type=_public, metavar="HEX", help="the pinned root; --config knows it")
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--config", type=Path, help="the cabinet's configuration: its root and its inbox folder")
    place.add_argument("--to", type=Path, metavar="FOLDER", help="this folder; needs --root")


def _root(args: argparse.Namespace) -> int:
    key = _read_root(args.file) if args.again else keyfile.create(args.file)
    print(f"# root {kid_of(key.public).hex()}; pin this in each cabinet, it is no secret 公钥,写进每个柜子,不必保密")
    print(key.public.hex())
    if not args.again:
        print(f"private key written to {args.file}; keep it off the network, and a copy elsewhere", file=sys.stderr)
    return 0


def _make_set(args: argparse.Namespace) -> int:
    key, keys, iat = _read_root(args.root_key), set_file.load(args.description), clock.wall_s()
    before = _previous(args, keyset.verify, key)
    if before is not None:
        lines = objections(before, keys, iat) + ([] if args.emergency else gaps(before, keys))
        if lines:
            raise KeysCommandError("\n".join(lines))
    raw = make_set(key, _version(args, before), iat, keys)
    keyfile.write_new(args.out, raw)
    _print_set(keyset.inspect(raw))
    for name in unserved(keys, iat):
        print(f"warning: no key may sign for {name} today; such tokens will be refused", file=sys.stderr)
    return 0


def _revoke(args: argparse.Namespace) -> int:
    key, now_s = _read_root(args.root_key), clock.wall_s()
    before = _previous(args, revocation.verify, key)
    revoked = still_needed(before.revoked, now_s) if before is not None else {}
    for text in args.tokens:
        cti, exp = _named(text)
        revoked[cti] = max(exp, revoked.get(cti, 0))
    raw = make_revocation(key, _version(args, before), now_s, revoked)
    keyfile.write_new(args.out, raw)
    _print_list(revocation.inspect(raw))
    return 0


def _show(args: argparse.Namespace) -> int:
    raw = _read_document(args.file)
    if args.root is None:
        print("NOT VERIFIED: anybody can write this; --root HEX says whether it is true")
        try:
            return _print(_kind(raw).inspect(raw))
        except DocumentError as wrong:
            return _print_refused(DocumentRefused(wrong.fault, wrong.detail))
    found = _kind(raw).verify(raw, args.root, NONE_YET)
    if isinstance(found, DocumentRefused):
        return _print_refused(found)
    print(f"VERIFIED: signed by root {kid_of(args.root.raw).hex()}")
    return _print(found)


def _import(args: argparse.Namespace) -> int:
    folder, pinned = _inbox(args)
    raw = _read_document(args.file)
    kind = _kind(raw)
    place = folder / kind.file
    held = _held(place, kind, pinned)
    found = kind.verify(raw, pinned, held)
    if isinstance(found, DocumentRefused):
        return _print_refused(found)
    _print(found)
    if found.edition == held:
        print(f"no change: {place} has this version already")
        return 0
    keyfile.replace(place, raw)
    print(f"written to {place}; the controller verifies it again and logs what it made of it")
    return 0


def _inbox(args: argparse.Namespace) -> tuple[Path, PublicKey]:
    """Return the cabinet's inbox folder and its root: the configuration's, which a root on the command line must be."""
    given: PublicKey | None = args.root
    if args.to is not None:
        if given is None:
            raise KeysCommandError("--to needs --root, the root that the cabinet has pinned")
        return args.to, given
    loaded = config.load(args.config)
    pinned = None if loaded.authority is None else _pinned(args.config, loaded.authority.root)
    if pinned is None:
        print(f"warning: {args.config} has no [authority] root; its controller will not look at this", file=sys.stderr)
    elif given is not None and given != pinned:
        raise KeysCommandError(
            f"--root is {public_id(given)}, but {args.config} pins {public_id(pinned)}; leave it out"
        )
    found = pinned or given
    if found is None:
        raise KeysCommandError(f"{args.config} has no [authority] root; put it there, or give --root")
    return config.inbox_folder(loaded), found


def _pinned(file: Path, digits: str) -> PublicKey:
    try:
        return PublicKey(bytes.fromhex(digits))
    except ValueError as wrong:
        raise KeysCommandError(f"{file}: authority.root: {wrong}; give the 64 digits of `locker keys root`") from None


def _held(place: Path, kind: Kind, pinned: PublicKey) -> Edition:
    """Return the edition of the file that is in place; one that is not good counts as none, and is said."""
    if not place.exists():
        return NONE_YET
    found = kind.verify(_read_document(place), pinned, NONE_YET)
    if isinstance(found, DocumentRefused):
        print(f"warning: {place} is not good and is replaced: {found.reason.value} ({found.detail})", file=sys.stderr)
        return NONE_YET
    return found.edition


def _kind(raw: bytes) -> Kind:
    """Return the kind of document that these bytes look like; a key set where they look like nothing."""
    return LIST if root.is_of(raw, revocation.FORM) else SET


def _previous(
    args: argparse.Namespace, verify: Callable[[bytes, PublicKey], _Signed | DocumentRefused], key: PrivateKey
) -> _Signed | None:
    """Return the verified document that the new one follows, None where none is named."""
    if args.previous is None:
        return None
    found = verify(_read_document(args.previous), PublicKey(key.public))
    if isinstance(found, DocumentRefused):
        raise KeysCommandError(f"{args.previous}: {found.reason.value} ({found.detail}); {ADVICE[found.reason]}")
    return found


def _version(args: argparse.Namespace, before: KeySet | RevocationList | None) -> int:
    """Return the version that comes next."""
    if before is not None:
        return before.version + 1
    return 1 if args.first else int(args.after) + 1


def _named(text: str) -> tuple[bytes, int]:
    """Return (cti, exp) of a token's text, which need not be verified to be revoked, or of ``cti:exp``."""
    if match := re.fullmatch(r"([0-9a-f]{32}):([0-9]{1,12})", text):
        return bytes.fromhex(match[1]), int(match[2])
    message = unpack(text.encode(errors="surrogateescape"))
    if isinstance(message, Refused):
        raise KeysCommandError(f"{text[:40]!r} is no token ({message.detail}) and not cti:exp")
    try:
        found = claims.read(cose.decode_map(message.payload), b"")
    except (cose.CoseError, claims.ClaimsError) as wrong:
        raise KeysCommandError(f"{text[:40]!r}...: {wrong}") from None
    return found.cti, found.exp


def _read_root(path: Path) -> PrivateKey:
    key = keyfile.read(path, "locker keys root")
    if keyfile.open_to_others(path):
        print(f"warning: others on this machine may read {path}; chmod 600 it", file=sys.stderr)
    return key


def _read_document(path: Path) -> bytes:
    """Return a file's bytes, one more than any document has at the most."""
    with path.open("rb") as file:
        return file.read(root.BYTES_MAX + 1)


def _public(text: str) -> PublicKey:
    try:
        return PublicKey(bytes.fromhex(text))
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(f"{text!r}: {wrong}; give the 64 digits of `locker keys root`") from None


def _print(found: KeySet | RevocationList) -> int:
    if isinstance(found, KeySet):
        _print_set(found)
    else:
        _print_list(found)
    return 0


def _print_refused(refused: DocumentRefused) -> int:
    print(f"refused: {refused.reason.value} ({refused.detail})\nnext: {ADVICE[refused.reason]}")
    return 1


def _print_set(found: KeySet) -> None:
    print(
        f"key set, version {found.version}, issued {_time(found.iat)}, {len(found.raw)} bytes, {len(found.keys)} keys"
    )
    row = "{:<9} {:<8} {:<18} {:<20} {:<20} {:<20} {}".format
    print(row("kid", "state", "purposes", "not before", "not after", "cut-off", "alg"))
    for key in found.keys:
        purposes = ",".join(purpose.name.lower() for purpose in Purpose if purpose in key.purposes)
        end = "no end" if key.not_after == NO_END else _time(key.not_after)
        cutoff = _time(key.cutoff_iat) if key.cutoff_iat else "none"
        print(row(key.kid.hex(), key.state.name.lower(), purposes, _time(key.not_before), end, cutoff, key.alg))
        print(f"          public {key.public.raw.hex()}")


def _print_list(found: RevocationList) -> None:
    count = len(found.revoked)
    print(
        f"revocation list, version {found.version}, issued {_time(found.iat)}, {len(found.raw)} bytes, {count} tokens"
    )
    for cti, exp in found.revoked.items():
        print(f"cti {cti.hex()}  exp {_time(exp)}")


def _time(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return str(seconds)
