"""The command ``locker``: finds the group that was asked for, imports it alone, and turns errors into one line.

A group is a module with ``register(parser)``, which adds its arguments, and ``run(args) -> int``, which gives the exit
code. Importing only one of them keeps the start short: ``locker run`` never pays for the demo's web server. Knows
the groups' names; must never know what they do.
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

from locker import __version__

EXIT_OK, EXIT_USAGE, EXIT_INTERRUPTED, EXIT_PIPE = 0, 2, 130, 141
_OURS = ("locker", "drivers", "sim")


@dataclass(frozen=True, slots=True)
class Group:
    """One group of commands: its name, the module that holds it and one line of help, Chinese and English."""

    name: str
    module: str
    zh: str
    en: str

    @property
    def help(self) -> str:
        """Both languages on one line."""
        return f"{self.zh}  {self.en}"


GROUPS = (
    Group("run", "locker.cli.run", "运行柜子的控制程序", "run the controller of a cabinet"),
    Group("demo", "locker.cli.demo", "在模拟器上演示整个柜子", "show the whole cabinet on the simulator"),
    Group("bench", "locker.cli.bench", "测量从扫码到开锁等时间", "measure scan to unlock and other times"),
    Group("crash", "locker.cli.crash", "在每次写入时断电、随机杀进程", "cut the power at every write, kill at random"),
    Group("soak", "locker.cli.soak", "几千个模拟世界,带故障", "thousands of simulated worlds, with faults"),
    Group("token", "locker.cli.token", "生成、签发、查看、核对令牌", "make keys; issue, inspect, verify tokens"),
    Group("keys", "locker.cli.keys", "根钥匙、钥匙集、作废名单", "the root key, key sets, revoked tokens"),
    Group("config", "locker.cli.config", "检查配置文件", "check a configuration file"),
    Group(
        "commission",
        "locker.cli.commission",
        "调试新柜:学接线、认门、写配置",
        "learn a new cabinet's wiring, write its file",
    ),
    Group("status", "locker.cli.status", "控制程序现在怎样", "how the running controller is"),
    Group("clock", "locker.cli.clock", "查看柜子的时间和可信程度", "what time the cabinet believes it is"),
    Group("voice", "locker.cli.voice", "语音：预先念好、试听", "the voice: render it beforehand, hear it"),
    Group("labels", "locker.cli.labels", "打印信封和柜门的标签", "print labels for envelopes and doors"),
    Group("device", "locker.cli.device", "生成本柜自己的密钥", "make this cabinet's own secrets"),
    Group("receipt", "locker.cli.receipt", "核对投递凭证", "verify a deposit receipt"),
    Group("pickup", "locker.cli.pickup", "算出取件码", "compute a pick-up code"),
    Group("log", "locker.cli.log", "核对、导出事件日志", "verify and export the event log"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (default: this process's) and return its exit code.

    0 done, 2 a mistake of the user's or of the machine's (one line a problem on stderr; ``LOCKER_DEBUG=1`` shows
    where it was raised), 130 interrupted, 141 the reader of the output went away; else what the group returned.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _run(words)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        _drop_stdout()
        return EXIT_PIPE
    except (ImportError, OSError, ValueError) as error:
        if os.environ.get("LOCKER_DEBUG") == "1" or not _is_plain(error):
            raise
        print(_told(error), file=sys.stderr)
        return EXIT_USAGE


def _run(words: list[str]) -> int:
    name = words[0] if words else "--help"
    if name in ("-h", "--help", "help"):
        print(_overview())
        return EXIT_OK
    if name == "--version":
        print(f"locker {__version__}")
        return EXIT_OK
    group = next((group for group in GROUPS if group.name == name), None)
    if group is None:
        print(_unknown(name), file=sys.stderr)
        return EXIT_USAGE
    module = import_module(group.module)
    parser = argparse.ArgumentParser(prog=f"locker {group.name}", description=group.help)
    module.register(parser)
    code: int = module.run(parser.parse_args(words[1:]))
    return code


def _overview() -> str:
    width = max(len(group.name) for group in GROUPS)
    lines = [f"  {group.name:<{width}}  {group.zh}\n  {'':<{width}}  {group.en}" for group in GROUPS]
    return "\n".join(
        [
            "用法 usage: locker <group> ...   |   locker <group> --help   |   locker --version",
            "",
            *lines,
            "",
            "自己签发令牌(一台笔记本就够): locker keys --help 一步一步地说",
            "To run an issuer of your own from a laptop: locker keys --help goes through it step by step",
            "",
            "出错时只打印一行;要看出处,设 LOCKER_DEBUG=1。",
            "An error prints one line; LOCKER_DEBUG=1 shows where it came from.",
        ]
    )


def _unknown(name: str) -> str:
    names = [group.name for group in GROUPS]
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
    hint = f'您是不是要 did you mean "locker {near[0]}"?' if near else f"可用的有 there are: {', '.join(names)}"
    return f'locker: 没有这个命令 no such group "{name}"; {hint}'


def _is_plain(error: Exception) -> bool:
    """Whether an error is one that a person can act upon: the system's, one of this project's own, a missing package.

    A bare ValueError out of some library, or a module of ours that is not there, is a bug and keeps its traceback.
    """
    if isinstance(error, ImportError):
        return isinstance(error, ModuleNotFoundError) and (error.name or "").split(".")[0] not in _OURS
    return isinstance(error, OSError) or type(error).__module__.split(".")[0] in _OURS


def _told(error: Exception) -> str:
    if isinstance(error, ImportError):
        return f'locker: 缺少 Python 包 missing package "{error.name}"; run "make setup"'
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename is not None else ""
        return f"locker: {where}{error.strerror}"
    return "\n".join(f"locker: {line}" for line in str(error).splitlines() or [type(error).__name__])


def _drop_stdout() -> None:
    """Point stdout at nothing, so that the interpreter's own flush at exit cannot fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
