"""``locker config``: checks a configuration file before it is used.

Knows how to sum a configuration up, with what its cabinet holds of a pinned root; what may stand in one is known to
``locker.config`` alone.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from locker.config import Board, Config, Mqtt, load
from locker.config_gpio import GpioBoard


def register(parser: argparse.ArgumentParser) -> None:
    """Add ``check FILE``."""
    commands = parser.add_subparsers(dest="command", required=True, metavar="check")
    check = commands.add_parser("check", help="检查一个文件,打印摘要  check a file and print a summary")
    check.add_argument("file", type=Path, metavar="FILE", help="cabinet.toml")


def run(args: argparse.Namespace) -> int:
    """Print a summary and return 0. Raises ConfigError (every problem, one a line) or OSError (no such file)."""
    file: Path = args.file
    config = load(file)
    print("\n".join(summary(config)))
    print(f"{file}: 可以使用 good")
    return 0


def summary(config: Config) -> list[str]:
    """What a technician should recognise at a glance: one line each for doors, boards, scanner, cloud, keys."""
    sizes = Counter[str](door.size for door in config.doors)
    by_size = ", ".join(f"{size} {sizes[size]}" for size in "SML" if sizes[size])
    low = sum(door.low for door in config.doors)
    lines = [
        f"柜子 cabinet   {config.cabinet.id}  {config.cabinet.name_zh}  {config.cabinet.name_en}",
        f"格口 doors     {len(config.doors)}: {by_size}; 低位 low {low}",
    ]
    for board in config.boards:
        wired = sum(door.board == board.name for door in config.doors)
        lines.append(
            f"锁板 board     {board.name}: {board.kind} at {board.port}, {_wire(board)}, "
            f"{wired} doors, pulse {board.pulse_ms} ms"
        )
    scanner = config.scanner
    rate = f", {scanner.baud} baud" if scanner.baud else ", 速率待测 baud to be found"
    rate = "" if scanner.kind == "keyboard" else rate
    lines.append(f"扫码 scanner   {scanner.name}: {scanner.kind} at {scanner.port}{rate}")
    lines.append(f"屏幕 screen    {config.panel.socket if config.panel else '无 none'}")
    lines.append(f"云端 cloud     {_cloud(config.mqtt)}")
    lines += _authority(config) or [f"公钥 keys      {_keys(config)}"]
    return lines


def _wire(board: Board) -> str:
    """What a serial line needs, or what hangs on the pins."""
    if isinstance(board, GpioBoard):
        return f"pins {', '.join(str(pin) for _, pin in board.pins())}" + (", one-shot" if board.one_shot else "")
    return f"{board.baud} baud, address {board.address}"


def _authority(config: Config) -> list[str]:
    """The pinned root, and what of it has arrived; nothing, and nothing imported, where none is pinned."""
    if config.authority is None:
        return []
    from locker.authority.keys import kid_of
    from locker.cli.held import held_by

    held = held_by(config, config.authority)
    trust, lines = held.trust, [f"根钥 root      {kid_of(held.trust.root.raw).hex()}"]
    if trust.keyset is None:
        lines.append("钥匙集 set     还没有,所有令牌都会被拒绝 none yet: every token will be refused")
    else:
        kids = ", ".join(key.kid.hex() for key in trust.keyset.keys if not key.retired)
        lines.append(f"钥匙集 set     version {trust.keyset.version} ({held.sources['keys']}): {kids}")
    if trust.revocations is not None:
        count = len(trust.revocations.revoked)
        lines.append(f"作废 revoked   version {trust.revocations.version} ({held.sources['revoked']}): {count} tokens")
    for kind in trust.other_root:
        lines.append(f'警告 warning   the stored "{kind}" is another root\'s, and is not in force')
    return lines


def _cloud(mqtt: Mqtt | None) -> str:
    if mqtt is None:
        return "无 none: 事件留在本机 events stay here"
    tls = "TLS" if mqtt.tls else "不加密 no TLS, 仅本机 this machine only"
    certificate = ", 有客户端证书 client certificate" if mqtt.cert_file else ""
    return f"{mqtt.host}:{mqtt.port}, MQTT {'5' if mqtt.version == 5 else '3.1.1'}, {tls}{certificate}"


def _keys(config: Config) -> str:
    usable = [key for key in config.keys if key.state == "active"]
    if not usable:
        return "没有可用的公钥,所有令牌都会被拒绝 none in use: every token will be refused"
    return "; ".join(f"{key.public[:8]}… {'+'.join(key.purposes)}" for key in usable)
