"""The table of ``locker status``: the same for a person at a terminal, Chinese first, English beside it.

Knows how to print; judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from locker.status import BoardStatus, DoorStatus, FittingsStatus, Status
from locker.vitals import Judged, Standing

SAID = {
    Standing.RUNNING: ("运行中", "running"),
    Standing.HANGING: ("卡住了：进程在，但不再转动", "hanging: the process is there and does not turn"),
    Standing.STOPPED: ("没有运行：被正常停下", "not running: it was stopped"),
    Standing.FAILED: ("没有运行：出错退出", "not running: it ended with an error"),
    Standing.DIED: ("没有运行：没留话就没了（被杀、崩溃）", "not running: it ended without a word (killed, crashed)"),
    Standing.REBOOTED: (
        "没有运行：机器重启过，之后没有启动",
        "not running: the machine has restarted since, it has not",
    ),
    Standing.NEVER: ("没有运行：这个配置还没有启动过", "not running: never started with this configuration"),
    Standing.UNTOLD: ("不知道：配置里没有 [status]", "not known: the configuration has no [status]"),
    Standing.UNKNOWN: ("不知道：数据库读不了", "not known: the database cannot be read"),
}
NEXT = {
    Standing.HANGING: "systemctl restart locker",
    Standing.STOPPED: "systemctl start locker",
    Standing.FAILED: "journalctl -u locker -n 50; systemctl restart locker",
    Standing.DIED: "journalctl -u locker -n 50; systemctl start locker",
    Standing.REBOOTED: "systemctl enable --now locker",
    Standing.NEVER: "systemctl enable --now locker",
    Standing.UNTOLD: "systemctl status locker",
    Standing.UNKNOWN: "sudo -u locker locker status",
}
DOOR_COLUMNS = (
    "门 door",
    "锁板 board",
    "见 seen",
    "状态 state",
    "服务 service",
    "开过 cycles",
    "寿命 rated",
    "反应 reaction ms",
    "平时 usual ms",
)
BOARD_COLUMNS = (
    "锁板 board",
    "型号 kind",
    "应答 answers",
    "固件 version",
    "发 sent",
    "丢 lost",
    "坏 bad",
    "迟 late",
    "噪 noise ‰",
)


def lines(judged: Judged, all_doors: bool) -> list[str]:
    """Everything there is to say."""
    zh, en = SAID[judged.standing]
    told = [f"控制程序 controller  {zh}  {en}"]
    if isinstance(judged.last, tuple):
        told.append(f"最后一条 last event  {judged.last[0]}  {_utc(judged.last[1])}")
    elif judged.last:
        told.append(f"原因 why             {judged.last}")
    if judged.status is not None:
        told += _about(judged.status, judged)
    if judged.standing in NEXT:
        told.append(f"接着做 next          {NEXT[judged.standing]}")
    if judged.status is not None:
        told += ["", *_boards(judged.status), "", *_doors(judged.status, all_doors), "", *_devices(judged.status)]
    return told


def _about(status: Status, judged: Judged) -> Iterator[str]:
    if status.why:
        yield f"原因 why             {status.why}"
    old = "" if judged.age_ms is None else f"  ({judged.age_ms / 1000:.0f} 秒前 s ago)"
    yield f"柜子 cabinet         {status.cabinet}  {status.name_zh}  软件 software {status.software}"
    yield f"写于 written         {_utc(status.at_ms)}  {status.quality.value}{old}"
    yield f"进程 process         {status.pid}  已运行 up {_span((status.boot_ms - status.started_ms) // 1000)}"
    link = {True: "通 up", False: "断 down", None: "没有 none"}[status.link]
    busy = "有人 somebody there" if status.busy else "空闲 idle"
    yield f"云端 cloud           {link}  未确认 queued {status.queued}  {busy}"
    free, used = _bytes(status.disk_free_bytes), _bytes(status.memory_bytes)
    heat = "-" if status.temperature_c is None else f"{status.temperature_c:.0f} °C"
    yield f"机器 machine         盘余 disk free {free}  内存 memory {used}  温度 {heat}"
    if status.fittings.parts:
        yield f"附件 fittings        {'  '.join(_fittings(status.fittings))}"


def _fittings(said: FittingsStatus) -> Iterator[str]:
    """A few words for each part that is fitted; "?" where it was not read yet."""
    if "power" in said.parts:
        yield _power(said)
    if "tamper" in said.parts:
        yield "机箱 case " + {True: "被打开 OPEN !", False: "关 closed", None: "?"}[said.tamper_open]
    if "climate" in said.parts:
        yield "柜内 inside " + ("?" if said.inside_c is None else f"{said.inside_c:.1f} °C")
    for name, zh, on in (("fan", "风扇 fan", said.fan_on), ("heater", "加热 heater", said.heater_on)):
        if name in said.parts:
            yield f"{zh} " + {True: "开 on", False: "关 off", None: "?"}[on]


def _power(said: FittingsStatus) -> str:
    """The mains, and the reserve where it counts."""
    power = said.power
    if power is None or power.mains is None:
        return "市电 mains ?"
    volts = "" if power.mv is None else f" {power.mv / 1000:.1f} V"
    low = {"ok": "", "low": " 电量低 LOW !", "empty": " 用尽 EMPTY !"}[power.reserve]
    if power.mains:
        return f"市电 mains 有 on{volts}{low}"
    return f"市电 mains 停 OFF ! 备用 reserve {power.left_s // 60} min{volts}{low}"


def _boards(status: Status) -> list[str]:
    return table(BOARD_COLUMNS, [_board(board, status) for board in status.boards])


def _board(board: BoardStatus, status: Status) -> list[str]:
    counts = status.counters.get(board.name, {})
    answers = "停用 quarantine" if board.quarantined else ("是 yes" if board.answers else "否 no")
    noise = "-" if board.permille is None else f"{board.permille}{' !' if board.noisy else ''}"
    sent = counts.get("sent", counts.get("reads", 0))
    figures = [sent, *(counts.get(name, 0) for name in ("lost", "bad", "late"))]
    return [board.name, board.kind, answers, board.version or "-", *map(str, figures), noise]


def _doors(status: Status, all_doors: bool) -> list[str]:
    shown = [door for door in status.doors if all_doors or remarkable(door)]
    if not shown:
        return [f"格口 doors           {len(status.doors)} 扇都正常 all as they should be (--doors)"]
    rest = len(status.doors) - len(shown)
    more = [f"另有 and {rest} 扇正常 more as they should be (--doors)"] if rest else []
    return table(DOOR_COLUMNS, [_door(door) for door in shown]) + more


def remarkable(door: DoorStatus) -> bool:
    """Whether a technician would want to see this door even in a short list."""
    worn = door.cycles * 100 >= door.rated * 80
    return door.state != "closed" or not door.in_service or door.slower or worn


def _door(door: DoorStatus) -> list[str]:
    seen = {"open": "开 open", "closed": "关 closed", "unknown": "? unknown"}[door.seen]
    service = "在用 in" if door.in_service else f"停用 out {door.reason}".rstrip()
    return [
        str(door.door),
        f"{door.board}/{door.channel}",
        seen,
        door.state,
        service,
        str(door.cycles),
        f"{door.cycles * 100 / door.rated:.1f} %",
        f"{_ms(door.recent_ms)}{' !' if door.slower else ''}",
        _ms(door.usual_ms),
    ]


def _devices(status: Status) -> list[str]:
    boards = {board.name for board in status.boards}
    told = []
    for name, counts in status.counters.items():
        if name not in boards:
            said = "  ".join(f"{what} {count}" for what, count in counts.items() if count)
            version = f"  固件 version {status.versions[name]}" if name in status.versions else ""
            told.append(f"{name}{version}  {said or '-'}")
    return told


def table(head: tuple[str, ...], rows: list[list[str]]) -> list[str]:
    """Columns of equal width on the screen, where a Chinese character is two wide."""
    widths = [max(_width(row[at]) for row in [list(head), *rows]) for at in range(len(head))]
    return [
        "  ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [head, *rows]
    ]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    return sum(2 if "\u2e80" <= letter <= "\uffef" else 1 for letter in text)


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def _bytes(count: int | None) -> str:
    return "-" if count is None else f"{count / 1_000_000:.0f} MB"


def _span(seconds: int) -> str:
    days, rest = divmod(seconds, 86_400)
    return (f"{days} 天 d " if days else "") + f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"


def _utc(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
