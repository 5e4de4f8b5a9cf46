"""``locker receipt``: says whether a deposit receipt is a cabinet's, and whether the cabinet's log agrees.

Knows a receipt's text, the cabinet's public key and, where one is given, the log. Exit codes: 0 good, 1 not; errors
are raised (2 by ``main``).
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from locker import texts
from locker.audit import disagreements
from locker.authority import base45
from locker.authority.ed25519 import PublicKey
from locker.authority.receipt import PREFIX, READING_BYTES_MAX, Receipt, Rejected, verify
from locker.cli import qr
from locker.logbook import find, judge, rows_behind
from locker.model import Quality
from locker.sequel import sequel

TIME = {
    Quality.SYNCED: "对过时 synchronised",
    Quality.RTC: "时钟芯片 by a clock chip",
    Quality.HOLD: "本次开机对过时 synchronised earlier",
    Quality.FLOOR: "不早于此 not before this; the clock was not known",
}


class ReceiptCommandError(ValueError):
    """What was typed cannot be carried out; says which word, and what to do."""


def register(parser: argparse.ArgumentParser) -> None:
    """Add ``verify``."""
    commands = parser.add_subparsers(dest="receipt_command", required=True, metavar="verify")
    check = commands.add_parser("verify", help="核对一张投递凭证  say whether a receipt is genuine")
    check.add_argument("receipt", help="its text (LKR1:...), a file with it, or - for standard input")
    check.add_argument("--public", required=True, metavar="HEX", help="the cabinet's public key, 64 hexadecimal digits")
    check.add_argument(
        "--log", type=Path, metavar="FILE", help="导出的日志或数据库  an export of its log, or its database"
    )


def run(args: argparse.Namespace) -> int:
    """Print what the receipt says and return 0, or why it is not to be believed and return 1."""
    public = _public(args.public)
    raw = _reading(args.receipt)
    found = verify(raw, public)
    if isinstance(found, Rejected):
        print(f"无效 rejected: {found.reason.value} ({found.detail})")
        return 1
    problems = _against_log(found, args.log) if args.log else []
    print("无效 rejected: log" if problems else "有效 ok")
    print("\n".join(_facts(found, raw)))
    for problem in problems:
        print(f"日志 log       {problem}")
    if args.log and not problems:
        print(f"日志 log       一致 agrees: row {found.seq}, and every row from the log's beginning to it is proven")
        print("\n".join(_afterwards(found, args.log)))
    return 1 if problems else 0


def _facts(receipt: Receipt, raw: bytes) -> list[str]:
    """What a receipt says, for a person."""
    text = raw.strip().decode("ascii")
    version = qr.draw(text, qr.VERSION_ANY).version
    size = len(base45.decode(text.encode("ascii")[len(PREFIX) :]))
    return [
        f"柜子 cabinet   {receipt.cabinet}",
        f"时间 time      {_time(receipt.at_s)}, {receipt.quality.value}: {TIME[receipt.quality]}",
        f"订单 order     {_plain(receipt.order)}",
        f"格口 door      {receipt.door}",
        f"事件 event     {receipt.epoch}:{receipt.seq}",
        f"哈希 log hash  {receipt.log_hash.hex()}...",
        f"大小 size      {len(text)} characters, {size} bytes; QR version {version}, error correction M, alphanumeric",
    ]


def _against_log(receipt: Receipt, log: Path) -> list[str]:
    """In what the log contradicts the receipt, and what is wrong with the log up to there."""
    row = find(log, receipt.seq)
    report = judge(log, {receipt.seq: receipt.log_hash})
    if row is None:
        where = f"row {receipt.seq} is not in it; it has {report.first} to {report.last}"
        return [f"{where}: export that part, or ask for an older export"]
    problems = disagreements(receipt, row)
    for found in report.findings:
        if found.first <= receipt.seq:
            problems.append(f"row {found.first}: {found.fault.value}: {found.detail}")
    problems += [f"row {first}: unproven" for first, _ in report.unproven if first <= receipt.seq]
    return list(dict.fromkeys(problems))


def _afterwards(receipt: Receipt, log: Path) -> list[str]:
    """What the log says of this order behind the receipt, which stays genuine; its papers may be gone."""
    steps = sequel(receipt, rows_behind(log, receipt.seq))
    if not steps:
        return ["后来 since     日志里没有这一件后来的记录 nothing more about this order in this log"]
    found = []
    for step in steps:
        zh, en = (texts.sentence("events", step.type, language, door=step.door) for language in ("zh", "en"))
        found.append(f"后来 since     row {step.seq}, {_time(step.at_ms // 1000)}: {step.type}: {zh} {en}")
    return found


def _public(text: str) -> PublicKey:
    try:
        return PublicKey(bytes.fromhex(text))
    except ValueError as wrong:
        raise ReceiptCommandError(f"--public {text}: {wrong}") from None


def _reading(text: str) -> bytes:
    """The receipt's text as it was typed, or of a file, or of standard input; one byte over the limit at most."""
    if text == "-":
        return sys.stdin.buffer.read(READING_BYTES_MAX + 1)
    if text.lstrip().startswith(PREFIX.decode()):
        return text.encode(errors="surrogateescape")
    if not Path(text).exists():
        raise ReceiptCommandError(f"{text[:60]}: neither a file nor a text that begins with {PREFIX.decode()}")
    with Path(text).open("rb") as file:
        return file.read(READING_BYTES_MAX + 1)


def _plain(order: bytes) -> str:
    """An order in hexadecimal, and as text where it is one."""
    try:
        text = order.decode()
    except UnicodeDecodeError:
        return order.hex()
    return f"{order.hex()} ({text})" if text.isprintable() else order.hex()


def _time(seconds: int) -> str:
    try:
        return f"{seconds} ({datetime.fromtimestamp(seconds, UTC).isoformat()})"
    except (OverflowError, ValueError, OSError):
        return f"{seconds} (no date)"
