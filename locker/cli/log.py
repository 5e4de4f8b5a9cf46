"""``locker log``: whether the event log is as the cabinet wrote it, and the log as a text.

Reads a database while the controller runs, or an export. Prints numbers, hashes and what is wrong, never what an event
says; only ``export`` prints that. Exit codes of ``verify``: 0 intact, 1 not; errors are raised (2 by ``main``).
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from locker.audit import HASH_BYTES, Fault, Finding, Report, Span
from locker.logbook import SEQ_MAX, LogbookError, hashes, is_database, judge, open_database

WITNESS_BYTES_MIN = 8
"""So much of a hash must be given: a receipt carries 16 bytes of it."""

ZH = {
    Fault.MISSING: "缺失",
    Fault.ALTERED: "内容被改",
    Fault.HASH: "哈希被改",
    Fault.EITHER: "内容或哈希被改",
    Fault.FOREIGN: "不是这一条",
    Fault.SWAPPED: "被调换",
    Fault.EMPTIED: "被清空",
    Fault.COUNT: "清空的太多",
    Fault.AFTER: "前条编号不对",
    Fault.FORM: "格式不对",
    Fault.EPOCH: "别的数据库",
    Fault.TRIMMED: "未送达却已删",
    Fault.END: "末尾被截断",
    Fault.WITNESS: "与旁证不符",
    Fault.ORDER: "次序不对",
    Fault.INSERTED: "被插入",
    Fault.UNREADABLE: "读不懂",
}


def register(parser: argparse.ArgumentParser) -> None:
    """Add ``verify`` and ``export``."""
    commands = parser.add_subparsers(dest="log_command", required=True, metavar="COMMAND")
    verify = commands.add_parser("verify", help="核对日志是否被动过  say whether the log is as it was written")
    verify.add_argument("file", type=Path, help="the database (in use or not), or an export")
    verify.add_argument(
        "--witness",
        type=_witness,
        action="append",
        default=[],
        metavar="SEQ:HASH",
        help="旁证:某条的哈希  a row's hash as known from elsewhere, at least its first 16 digits; may be repeated",
    )
    verify.add_argument(
        "--against",
        type=Path,
        metavar="FILE",
        help="另一份日志  another database, an earlier export or the cloud's copy",
    )
    export = commands.add_parser("export", help="导出为文本,每条一行  print the log, one line a row, as published")
    export.add_argument("file", type=Path, help="the database (in use or not)")
    export.add_argument(
        "--from", dest="first", type=_number, default=1, metavar="SEQ", help="the first row (default 1)"
    )
    export.add_argument("--to", dest="last", type=_number, default=SEQ_MAX, metavar="SEQ", help="the last row")


def run(args: argparse.Namespace) -> int:
    """Carry out the command that was parsed; return the exit code."""
    return _verify(args) if args.log_command == "verify" else _export(args)


def _verify(args: argparse.Namespace) -> int:
    witnesses: dict[int, bytes] = hashes(args.against) if args.against else {}
    report = judge(args.file, witnesses | dict(args.witness))
    print("\n".join(lines(args.file, report)))
    return 0 if report.good else 1


def _export(args: argparse.Namespace) -> int:
    if not is_database(args.file):
        raise LogbookError(f"{args.file}: not a database; only a cabinet's database can be exported")
    with open_database(args.file) as book:
        for line in book.lines(args.first, args.last):
            sys.stdout.buffer.write(line)
    return 0


def lines(file: Path, report: Report) -> list[str]:
    """What a report says, for a person."""
    last = f"{report.first}-{report.last}" if report.first else "无 none"
    told = [
        f"日志 log       {file}: {report.events} 条 events, {last}, epoch {report.epoch!a}",
        f"起点 rests on  {_begins(report)}",
        f"已证 proven    {_spans(report.proven)}",
    ]
    if report.emptied:
        told.append(f"清空 emptied   {report.emptied} 条,只剩哈希 notes of which only the hash is left")
    if report.unproven:
        told.append(
            f"未证 unproven  {_spans(report.unproven)}: 前一条不在或不真 what they follow from is gone or not genuine"
        )
    if report.unjudged:
        numbers = ", ".join(map(str, report.unjudged[:20]))
        told.append(f"无从比对       {numbers}: 早于起点 known from elsewhere, but before what is there of the log")
    told += [_sentence(finding) for finding in report.findings]
    if report.more:
        told.append(f"还有 and {report.more} more")
    told.append(f"末条 head      {report.last}:{report.head.hex()}")
    return [*told, _verdict(report)]


def _begins(report: Report) -> str:
    if report.begins:
        return f"{report.begins} 号的哈希 the hash of row {report.begins}, taken on trust"
    return "第一条 row 1"


def _sentence(finding: Finding) -> str:
    rows = f"{finding.first}" if finding.first == finding.last else f"{finding.first}-{finding.last}"
    where = f"row {rows}" if finding.first else "file"
    return f"{where} {finding.fault.value} {ZH[finding.fault]}: {finding.detail}"


def _verdict(report: Report) -> str:
    if report.good:
        return "结论 verdict   完好 intact (末尾被截断要靠旁证才看得出; only a witness shows a cut-off end: --help)"
    count = len(report.findings) + report.more
    return f"结论 verdict   不完好 not intact: {count} 处不对 findings"


def _spans(spans: list[Span]) -> str:
    """At most ten spans in words."""
    told = [f"{first}" if first == last else f"{first}-{last}" for first, last in spans[:10]]
    return ", ".join(told + (["..."] if len(spans) > 10 else [])) or "无 none"


def _number(text: str) -> int:
    if not re.fullmatch("[0-9]{1,16}", text) or not 1 <= int(text) <= SEQ_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is no row's number; they begin at 1")
    return int(text)


def _witness(text: str) -> tuple[int, bytes]:
    seq, _, digits = text.partition(":")
    if not re.fullmatch("([0-9a-fA-F]{2})+", digits) or not WITNESS_BYTES_MIN <= len(digits) // 2 <= HASH_BYTES:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no witness; write the row's number, a colon and 16 to 64 hexadecimal digits of its hash"
        )
    return _number(seq), bytes.fromhex(digits)
