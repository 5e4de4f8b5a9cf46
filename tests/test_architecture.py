"""The shape of the program, held by reading its source.

Each rule of ``architecture_rules.py`` is applied to the whole project, and to a small bad source that it must flag, so
that no rule can rot into one that never complains.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from architecture_rules import (
    FUNCTION_LINES_MAX,
    LINES_MAX,
    Module,
    Rule,
    documented,
    layers,
    libraries,
    named,
    no_bare_except,
    no_cycles,
    no_sleep,
    one_clock,
    one_library,
    only,
    own,
    quiet,
    reserved,
    small,
)
from architecture_tables import LIBRARY_EXCEPTIONS, OURS, PLACES, RESERVED, TYPES_ONLY

ROOT = Path(__file__).resolve().parent.parent

LONG = '"""Doc."""\n\n\ndef f():\n    """Doc."""\n' + "    x = 1\n" * FUNCTION_LINES_MAX
BAD: list[tuple[Rule, str, str]] = [
    (layers, "locker/machine.py", "from locker.cabinet import Cabinet"),
    (layers, "locker/visit.py", "from locker import service"),
    (layers, "locker/zebra.py", "x = 1"),
    (layers, "locker/visit.py", "if TYPE_CHECKING:\n    from locker.cabinet import Cabinet"),
    (only, "drivers/kr.py", "from locker.cabinet import Cabinet"),
    (only, "locker/machine.py", "import locker.config"),
    (only, "locker/authority/token.py", "from locker import clock"),
    (no_cycles, "locker/visit.py", "from locker import cabinet"),
    (reserved, "drivers/kr.py", "import sim.kr"),
    (reserved, "locker/cli/run.py", "def f():\n    from sim import world"),
    (reserved, "sim/world.py", "from locker.cli import run"),
    (reserved, "locker/visit.py", "from locker.clock import now"),
    (reserved, "locker/service.py", "from drivers import serial_port"),
    (reserved, "sim/kerong.py", "from drivers.kerong_frames import Frame"),
    (one_library, "drivers/port.py", "import serial\nimport gpiozero"),
    (one_library, "drivers/other.py", "def f():\n    import serial.tools"),
    (small, "drivers/kr.py", "\n" * (LINES_MAX + 1)),
    (small, "tests/test_kr.py", LONG),
    (documented, "drivers/kr.py", "x = 1"),
    (documented, "drivers/kr.py", '"""Doc."""\nclass A:\n    """Doc."""\n    def f(self): pass'),
    (documented, "tests/test_kr.py", '"""Doc."""\ndef test_f(): pass'),
    (one_clock, "drivers/kr.py", "from time import monotonic"),
    (one_clock, "locker/visit.py", "import uuid"),
    (one_clock, "locker/visit.py", "datetime.datetime.now()"),
    (one_clock, "sim/world.py", "random.random()"),
    (one_clock, "sim/world.py", "Random()"),
    (one_clock, "locker/service.py", "asyncio.get_running_loop().time()"),
    (one_clock, "locker/store.py", "os.urandom(8)"),
    (no_sleep, "tests/test_kr.py", "time.sleep(1)"),
    (no_sleep, "locker/service.py", "await_(asyncio.sleep(1))"),
    (quiet, "drivers/kr.py", "print(1)"),
    (no_bare_except, "sim/world.py", "try:\n    x\nexcept:\n    pass"),
    (named, "locker/utils.py", "x = 1"),
    (named, "sim/board_helpers.py", "x = 1"),
]
RULES: list[Rule] = list(dict.fromkeys(rule for rule, _, _ in BAD))

# What the bad sources are bad beside: a good file each, so that what they import exists.
GOOD = [
    Module("locker/cabinet.py", '"""Doc."""\nfrom locker.visit import Visit\n'),
    Module("drivers/serial_port.py", '"""Doc."""\nimport serial\n'),
    *(Module(f"locker/{name}.py", '"""Doc."""\n') for name in ("clock", "config", "service")),
]


def project() -> list[Module]:
    """Every Python file of the project."""
    files = sorted(file for part in (*OURS, "tests") for file in (ROOT / part).rglob("*.py"))
    return [Module(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")) for file in files]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_project_keeps_the_rule(rule: Rule) -> None:
    """Each rule holds in every file."""
    complaints = list(rule(project()))
    assert not complaints, f"{rule.__doc__}\n" + "\n".join(complaints)


@pytest.mark.parametrize(("rule", "path", "text"), BAD)
def test_the_rule_can_fail(rule: Rule, path: str, text: str) -> None:
    """Each rule flags its bad source, and names the file; it has nothing to say of the good ones beside it."""
    assert not list(rule(GOOD))
    assert any(path in complaint or "imports itself" in complaint for complaint in rule([*GOOD, Module(path, text)]))


def test_every_exception_is_still_needed() -> None:
    """An exception that nothing uses any more, or that speaks of a file that is gone, is taken off its table."""
    modules = project()
    names = {module.name for module in modules}
    by_name = {module.name: module for module in modules}
    unused: list[object] = [target for target in RESERVED if target not in names]
    for what, place in PLACES:
        users = [module for module in modules if module.path.startswith(place)]
        if not any(what in module.text for module in users):
            unused.append((what, place))
    for importer, imported in TYPES_ONLY:
        module = by_name[importer]
        if imported not in own(module, names) - own(module, names, types_too=False):
            unused.append((importer, imported))
    for path, library in LIBRARY_EXCEPTIONS:
        if not any(library in libraries(module) for module in modules if path in ("*", module.path)):
            unused.append((path, library))
    assert not unused
