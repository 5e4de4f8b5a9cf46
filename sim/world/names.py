"""What things of a world are called in a picture and in a story: Chinese first, English beside it.

Every fault, cut, state and invariant has both (a test holds that). Knows words only.
"""

from __future__ import annotations

_FAULTS = """
lose_board|锁控板线：丢帧|board wire: lost
corrupt_board|锁控板线：错码|board wire: corrupted
truncate_board|锁控板线：截断|board wire: truncated
duplicate_board|锁控板线：重复|board wire: doubled
garbage_board|锁控板线：杂码|board wire: garbage
forge_board|锁控板线：错帧，校验对|board wire: wrong, sum right
lose_scanner|扫码器线：丢失|scanner wire: lost
corrupt_scanner|扫码器线：错码|scanner wire: corrupted
truncate_scanner|扫码器线：截断|scanner wire: truncated
duplicate_scanner|扫码器线：重复|scanner wire: doubled
garbage_scanner|扫码器线：杂码|scanner wire: garbage
delay_board|锁控板线：延迟|board wire: delayed
jitter_board|锁控板线：抖动|board wire: jitter
byte_board|锁控板线：逐字节|board wire: byte by byte
echo_board|锁控板线：回声|board wire: echo
delay_scanner|扫码器线：延迟|scanner wire: delayed
jitter_scanner|扫码器线：抖动|scanner wire: jitter
byte_scanner|扫码器线：逐字节|scanner wire: split into bytes
unplugged_board|锁控板 USB 拔出|board USB unplugged
unplugged_scanner|扫码器 USB 拔出|scanner USB unplugged
board_silent|锁控板不答|board silent
board_reboots|锁控板重启|board reboots
board_astray|锁控板开错门|board opens wrong door
board_late_reply|锁控板答得太晚|board replies late
board_says_11|锁控板说：失败|board says: failed
board_says_12|锁控板说：超时|board says: time-out
board_says_13|锁控板说：不懂|board says: unknown
board_says_14|锁控板说：数据错|board says: bad data
door_jams|门：锁舌卡住|door jams
door_sticks|门：粘住|door sticks
door_opens_late|门：过后才开|door opens late
door_forced|门：被撬|door forced
sensor_stuck_shut|门磁卡在“关”|sensor stuck at shut
sensor_stuck_open|门磁卡在“开”|sensor stuck at open
sensor_flickers|门磁乱跳|sensor flickers
network_away|断网|network away
network_weeks|断网几周|network away for weeks
broker_forgets|消息代理失忆|broker forgets all
broker_frozen|消息代理僵住|broker frozen
publish_lost|上报丢失|publish lost
puback_lost|上报回执丢失|PUBACK lost
publish_refused|上报被拒|publish refused
nobody_listens|上报没人收|nobody listens
ack_lost|云端确认丢失|cloud ack lost
ack_doubled|云端确认重复|cloud ack doubled
ack_wrong|云端确认错号|cloud ack wrong
ack_late|云端确认太晚|cloud ack late
cloud_away|云端不在|cloud away
clock_forwards|时钟跳前|clock jumps forwards
clock_backwards|时钟跳后|clock jumps backwards
boots_in_1970|开机在 1970 年|boots in 1970
disk_full|磁盘满|disk full
disk_readonly|磁盘只读|disk read-only
commit_slow|写盘很慢|commit slow
command_doubled|指令重复|command doubled
command_late|指令迟到|command late
command_retained|指令被保留|command retained
command_malformed|指令不成形|command malformed
mains_away|停电，用备用电源|mains away
tampered|机箱被打开|case opened
hot_or_cold|太热或太冷|too hot or cold
probe_fresh|温度计刚通电|probe just powered
"""
_POINTS = {
    "before_commit": ("写盘之前", "before commit"),
    "inside_commit": ("写盘当中", "inside commit"),
    "commit_lost": ("写盘将完，未成", "commit lost"),
    "commit_kept": ("写盘刚成", "commit kept"),
    "after_commit": ("写盘之后", "after commit"),
    "after_acting": ("动作之后", "after acting"),
    "idle": ("空闲时", "while idle"),
}
_ENDS = {"power_cut": ("断电", "power cut"), "killed": ("进程被杀", "killed")}

FAULT_NAMES: dict[str, tuple[str, str]] = {
    f"fault/{name}": (chinese, english)
    for name, chinese, english in (line.split("|") for line in _FAULTS.strip().splitlines())
} | {
    f"{end}/{point}": (f"{ends[0]}：{moment[0]}", f"{ends[1]} {moment[1]}")
    for end, ends in _ENDS.items()
    for point, moment in _POINTS.items()
}
"""Every fault and every cut, as it is counted."""

STATE_NAMES: dict[str, tuple[str, str]] = {
    "door/unknown": ("不明", "unknown"),
    "door/closed": ("关着", "closed"),
    "door/opening": ("正开", "opening"),
    "door/open": ("开着", "open"),
    "door/left_open": ("忘关", "left"),
    "door/forced": ("被撬", "forced"),
    "door/jammed": ("卡死", "jammed"),
    "visit/idle": ("没人", "idle"),
    "visit/opening": ("正开", "opening"),
    "visit/resting": ("歇锁", "resting"),
    "visit/pressing": ("请按门", "pressing"),
    "visit/open": ("门开", "open"),
    "visit/reminded": ("已提醒", "reminded"),
    "visit/emptying": ("等取空", "emptying"),
    "visit/offering": ("可再开", "offering"),
    "visit/asking": ("问员工", "asking"),
    "machine/down": ("停机", "down"),
}
"""Every column of the picture."""

PART_NAMES: dict[str, tuple[str, str]] = {
    "faults": ("故障", "faults"),
    "cuts": ("断电与被杀的时点", "power cuts and kills, by moment"),
    "states": ("柜门、来访、值班的状态", "states of doors, visit and duty"),
    "rows": ("状态表的各行", "rows of the three tables"),
    "refusals": ("拒绝的理由", "reasons for refusals"),
    "events": ("事件的种类", "types of events"),
    "people": ("各种各样的人", "kinds of people"),
}
"""The parts of the table of what was met."""

INVARIANTS: dict[int, tuple[str, str]] = {
    1: ("没有先写在盘上的、有效的授权，锁不通电", "No pulse without a valid authority that is on the disk"),
    2: (
        "一件东西的门只为它自己的单子开，或为留名的工作人员",
        "A door opens for its own order only, or for staff by name",
    ),
    3: ("用过的码什么也打不开;没看见门开，就不算用过", "What is spent opens nothing; unspent until seen open"),
    4: ("同时只有一个线圈通电，不过长，要歇够", "One coil at a time, never too long, always rested"),
    5: ("重启、断电、重放、迟到、换钟，都不会开门", "Restarts, replays, late messages and clocks open nothing"),
    6: ("门磁看见了才说“开了”“关了”", "Open and shut are said only when seen"),
    7: ("记下的事件都到云端，按顺序，缺了看得出", "Every committed event arrives, in order, gaps visible"),
    8: ("故障过后一分钟，所信即所见", "A minute after the faults, belief is what the sensors say"),
    9: ("队列、重试、循环都有上限", "Queues, retries and loops have limits"),
    10: ("每分钟开门数有上限，没有“全开”", "Doors a minute are limited; there is no open-all"),
}
"""Each invariant in one line."""


def both(pair: tuple[str, str]) -> str:
    """Chinese, two spaces, English."""
    return "  ".join(pair)
