"""The happenings of a plan in words: who came, what went wrong; Chinese first, English beside it.

The English of a person is the docstring of the function that plays them. Every kind has both (a test holds that).
Knows plans, never how a world went.
"""

from __future__ import annotations

from typing import Any

from sim.world.names import FAULT_NAMES
from sim.world.plan import DAY_MS, HOUR_MS, MINUTE_MS, Happening
from sim.world.rarities import EVERYBODY

PEOPLE: dict[str, str] = {
    "careful": "细心的居民来投递：放好、关门、看屏、按“完成”",
    "hurried": "匆忙的居民来投递：关了门就走",
    "leaves_open": "居民放好东西就走，门开着",
    "never_comes": "居民亮了码就走开，门为没人而开",
    "puts_nothing": "居民说什么也没放（有时不是真话）",
    "wants_larger": "居民嫌小，要换大的",
    "reopens": "居民关门后想起忘了东西，要再开",
    "comes_back": "居民拿同一个码隔些时候又来",
    "holds_on": "居民把码一直举在扫码窗前",
    "late": "居民的码过期了，或还没到时候",
    "foreigner": "有人拿别处的码、两个码、半个码来",
    "forger": "有人自己伪造码",
    "collects": "居民来取自己的东西",
    "collects_late": "居民取完很久不关门，又拿用过的码来",
    "types": "没带手机的居民键入取件码",
    "guesses": "有人乱试取件码",
    "phones": "居民用手机扫柜子的码",
    "leaves_in": "居民开了门，什么也没拿",
    "walks_off": "居民亮了取件码就被叫走，门开着",
    "shares": "居民把码给了邻居，一起用",
    "copies": "有人偷拍了别人的码来试",
    "forces": "有人撬门",
    "passer_by": "路人把开着的门都关上",
    "takes_out": "红管家把居民留下的东西一件件取出",
    "looks_in": "红管家开门看一看，东西留在里面",
    "staff_errs": "红管家拿错了码",
    "technician": "技术员试几个门，修好卡死的",
    "caretaker": "管理员把停用的门都修好、启用",
    "loads": "红管家按标签一件件放证件",
    "loads_and_goes": "红管家放证件放到一半被叫走",
    "clears": "红管家一扇门一扇门取材料，收回过期的",
    "recalls": "红管家收回过期的",
    "audits": "红管家盘点每一扇门",
    "hands_out": "红管家替居民人工开门，把东西交给本人",
    "reassigns": "红管家给一件东西换门",
    "nowhere_to_put": "红管家拿着要换门的东西，云端把别的门都停用了",
    "keeps_house": "红管家看现况，停用、启用一扇门，交班",
    "shows_labels": "有人拿信封标签、门上的码来扫",
    "remote": "云端远程开一个门",
    "doubled": "同一条指令送来几遍",
    "delayed": "一条指令过了时限才到",
    "retained": "一条指令留在消息代理里，每次连上都来",
    "malformed": "云端送来不成形的指令",
    "service": "云端停用、启用一个门",
    "new_keys": "根密钥签了新的钥匙集",
    "revokes": "根密钥签了作废名单",
    "old_keys": "居民的码是作废、到期、没启用的钥匙签的，或签得太早",
    "odd_codes": "有人的码头、内容或写法不对，签名却是真的",
    "twins": "两个单子的码用了同一个编号",
    "dawdles": "居民要换大的，取空后聊天，提醒了才关门",
    "dark_while_emptying": "居民取空时锁控板没电了",
    "lays_in_unseen": "开门那一下锁控板没电了，居民放了东西又关上",
    "dark_while_jammed": "门卡着，正再开时锁控板没电了",
    "just_in_time": "门涩，正要再开时自己开了",
    "hammers": "技术员把一个门开了又开",
    "looks_twice": "员工去看一件东西，关门没关严，门又弹开了",
    "loose_switch": "门磁松了，技术员没看就启用",
    "quiet": "安静阶段：修好一切，每件东西都要取得出",
}
WEATHER: dict[str, tuple[str, str]] = {
    "noise": ("线路不好", "a bad wire"),
    "board_off": ("锁控板没电", "a lock board without power"),
    "board_reboots": ("锁控板重启", "a lock board restarts"),
    "board_astray": ("锁控板会开错门", "a lock board opens wrong doors"),
    "board_says": ("锁控板对开锁只报错", "a lock board answers unlock orders with an error"),
    "board_late": ("锁控板答得太晚或不答", "a lock board answers late or not at all"),
    "door_jams": ("门不好开", "a door does not open as it should"),
    "sensor": ("门磁坏了", "a door switch is ill"),
    "unplugged": ("USB 拔出，再插上换了名字", "a USB adapter is pulled and comes back under another name"),
    "network": ("断网", "the network is away"),
    "broker": ("消息代理丢东西", "the broker loses things"),
    "acks": ("云端确认丢失、重复、错号或太晚", "the cloud's acknowledgements go wrong"),
    "cloud_away": ("云端不在", "the cloud is away"),
    "clock_jumps": ("时钟跳变", "the clock jumps"),
    "disk": ("磁盘满或只读", "the disk is full or read-only"),
    "disk_slow": ("写盘很慢", "each commit takes seconds"),
    "cut": ("断电，或进程被杀", "the power goes, or the process is killed"),
    "mains": ("停电，柜子靠备用电源", "the mains are away, and the cabinet lives on its reserve"),
    "tampering": ("有人打开机箱", "somebody opens the case"),
    "air": ("柜内太热、太冷，或温度计刚通电", "it is hot or cold inside, or the probe has just been powered"),
}
_POINTS = {"power": "power_cut", "kill": "killed"}


def told(happening: Happening) -> tuple[str, str]:
    """One happening in one line: Chinese, English. A kind that is not known is told by its name."""
    args = happening.args
    if happening.what == "person":
        kind = str(args.get("kind", ""))
        return PEOPLE.get(kind, kind) + _whose(args, "单"), _docstring(kind) + _whose(args, "order")
    chinese, english = WEATHER.get(happening.what, (happening.what, happening.what))
    if happening.what == "cut":
        chinese, english = FAULT_NAMES[f"{_POINTS[str(args['ends'])]}/{args['point']}"]
    more = _details(args)
    return chinese + more, english + more


def lasts(ms: int) -> str:
    """A length of time in the largest unit that fits: "90 s", "5 min", "2 h", "3 d"."""
    for unit, name in ((DAY_MS, "d"), (HOUR_MS, "h"), (MINUTE_MS, "min"), (1000, "s")):
        if ms >= 2 * unit or (ms >= unit and ms % unit == 0):
            return f"{ms / unit:.3g} {name}"
    return f"{ms} ms"


def _docstring(kind: str) -> str:
    played = EVERYBODY.get(kind)
    doc = (played.__doc__ or kind) if played else kind
    return f"{kind}: {' '.join(doc.split())}"


def _whose(args: dict[str, Any], word: str) -> str:
    said = [f"{word} {args['order']}"] if "order" in args else []
    said += [f"{key} {args[key]}" for key in ("size", "door", "low", "version", "count", "steps") if args.get(key)]
    return f" ({', '.join(said)})" if said else ""


def _details(args: dict[str, Any]) -> str:
    said = [
        f"{key.removesuffix('_ms')} {_value(key, value)}" for key, value in args.items() if value not in ("", {}, 0)
    ]
    return f" ({', '.join(said)})" if said else ""


def _value(key: str, value: Any) -> str:
    if isinstance(value, dict):
        return "[" + ", ".join(f"{name.removesuffix('_ms')} {_value(name, part)}" for name, part in value.items()) + "]"
    if key.endswith("_ms"):
        return ("-" if value < 0 else "") + lasts(abs(int(value)))
    return f"0x{value:02x}" if key == "ask" else str(value)
