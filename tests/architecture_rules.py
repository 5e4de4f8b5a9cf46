"""The rules of the program's shape: imports, sizes, words, and what has one place only.

A rule is a function from modules to complaints. It reads sources with ``ast`` and imports nothing of the project.
The tables, with a reason for each exception, are in ``architecture_tables.py``. ``test_architecture.py`` applies
the rules.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from architecture_tables import (
    LAYERS,
    LIBRARY_EXCEPTIONS,
    ONLY,
    OURS,
    PLACES,
    PRINTERS,
    RESERVED,
    TYPES_ONLY,
    WORDLESS_NAMES,
)

LINES_MAX, FUNCTION_LINES_MAX = 400, 40


@dataclass(frozen=True)
class Module:
    """One source file: its path from the root, with slashes, and its text."""

    path: str
    text: str

    @property
    def name(self) -> str:
        """The dotted name; a package's own is that of its folder."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def tree(self) -> ast.Module:
        """The parsed source."""
        return _parsed(self.text)

    @property
    def part(self) -> str:
        """The top folder: locker, drivers, sim or tests."""
        return self.path.split("/")[0]


Rule = Callable[[list[Module]], Iterator[str]]


@cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


def _under(name: str, prefixes: Iterable[str]) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)


def _imports(module: Module, *, types_too: bool = True) -> Iterator[str]:
    """Every dotted name that a module imports, wherever the statement stands; ``from a import b`` gives a.b."""
    guarded: set[ast.AST] = set()
    if not types_too:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
                guarded |= {inner for statement in node.body for inner in ast.walk(statement)}
    for node in ast.walk(module.tree):
        if node in guarded:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own(module: Module, names: set[str], *, types_too: bool = True) -> set[str]:
    """The project's modules that a module imports."""
    found = set()
    for name in _imports(module, types_too=types_too):
        if name.split(".")[0] in OURS:
            found.add(name if name in names else name.rpartition(".")[0])
    return found - {module.name}


def libraries(module: Module) -> set[str]:
    """The third-party packages that a module imports."""
    return {name.split(".")[0] for name in _imports(module)} - set(sys.stdlib_module_names) - set(OURS)


def _functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _calls(module: Module) -> Iterator[tuple[int, str, ast.Call]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func), node


# --- the rules ------------------------------------------------------------------------------------


def layers(modules: list[Module]) -> Iterator[str]:
    """Imports go one way: model, machine, compartment and visit, cabinet, service, commands."""
    rank = {name: index for index, layer in enumerate(LAYERS) for name in layer}
    names = {module.name for module in modules}
    for module in modules:
        if module.part != "locker" or module.name == "locker":
            continue
        mine = rank.get(module.name.split(".")[1])
        if mine is None:
            yield f"{module.path}: has no place in LAYERS; give it one"
            continue
        for other in own(module, names) - {"locker"}:
            theirs = rank.get((other + ".").split(".")[1])
            below = other.startswith("locker.") and theirs is not None and theirs > mine
            if below and (module.name, other) not in TYPES_ONLY:
                yield f"{module.path}: imports {other}, which stands below it in LAYERS"


def only(modules: list[Module]) -> Iterator[str]:
    """Some modules import nothing of the project but what ONLY names; drivers know no decisions."""
    names = {module.name for module in modules}
    for module in modules:
        for owner, allowed in ONLY.items():
            if _under(module.name, [owner]):
                for other in own(module, names):
                    if not _under(other, (owner, *allowed)) and other != "locker":
                        yield f"{module.path}: imports {other}; {owner} may import {', '.join(allowed) or 'nothing'}"


def no_cycles(modules: list[Module]) -> Iterator[str]:
    """No module imports itself by way of others (names needed by the type checker alone are not imports)."""
    names = {module.name for module in modules}
    edges = {module.name: own(module, names, types_too=False) for module in modules}
    for start in edges:
        seen, todo = set(), list(edges[start])
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo += edges.get(name, ())
        if start in seen:
            yield f"{start}: imports itself by way of others"


def reserved(modules: list[Module]) -> Iterator[str]:
    """Some things are imported by few: the simulator, the drivers, the clock, the commands."""
    names = {module.name for module in modules}
    for module in modules:
        for target, (importers, reason) in RESERVED.items():
            if module.part != "tests" and not _under(module.name, (target, *importers)):
                for other in own(module, names):
                    if _under(other, [target]):
                        yield f"{module.path}: imports {other}; {reason}"


def one_library(modules: list[Module]) -> Iterator[str]:
    """One third-party library a file and one file a library; the program and the simulator counted apart."""
    homes: dict[tuple[bool, str], list[str]] = {}
    for module in modules:
        if module.part not in OURS:
            continue
        counted = sorted(
            root for root in libraries(module) if not {("*", root), (module.path, root)} & LIBRARY_EXCEPTIONS.keys()
        )
        if len(counted) > 1:
            yield f"{module.path}: uses {' and '.join(counted)}; one library a file"
        for root in counted:
            homes.setdefault((module.part == "sim", root), []).append(module.path)
    for (_, root), files in homes.items():
        if len(files) > 1:
            yield f"{root}: met in {', '.join(files)}; one file a library"


def small(modules: list[Module]) -> Iterator[str]:
    """Files have at most 400 lines, functions at most 40."""
    for module in modules:
        lines = module.text.count("\n")
        if lines > LINES_MAX:
            yield f"{module.path}: {lines} lines; at most {LINES_MAX}"
        for node in _functions(module):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                yield f"{module.path}:{node.lineno}: {node.name} has {length} lines; at most {FUNCTION_LINES_MAX}"


def documented(modules: list[Module]) -> Iterator[str]:
    """Every module and public name has a docstring; in tests every module and every test."""
    for module in modules:
        if not ast.get_docstring(module.tree):
            yield f"{module.path}: no docstring"
        found = _public(module.tree) if module.part in OURS else _functions(module)
        for node in found:
            wanted = module.part in OURS or node.name.startswith("test_")
            if wanted and not ast.get_docstring(node) and not _says_nothing_new(node):
                yield f"{module.path}:{node.lineno}: {node.name} has no docstring"


def _public(tree: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Functions, classes and methods, at any depth of classes, whose names do not begin with an underscore."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _public(node)


def _says_nothing_new(node: ast.AST) -> bool:
    """An overload or a setter: its docstring stands at the one it belongs to."""
    marks = [ast.unparse(mark) for mark in getattr(node, "decorator_list", [])]
    return any(mark.split(".")[-1] in ("overload", "setter", "override") for mark in marks)


def one_clock(modules: list[Module]) -> Iterator[str]:
    """Time and chance come in at one place each; chance with a seed is no chance."""
    for module in modules:
        if module.part not in OURS:
            continue
        for name in _imports(module):
            root = name.split(".")[0]
            if root in ("time", "secrets", "uuid") and not _placed(root, module.path):
                yield f"{module.path}: imports {root}"
        for line, name, call in _calls(module):
            dated = name.endswith((".now", ".utcnow", ".today")) and name.split(".")[-2] in ("datetime", "date")
            looped = name.endswith(".time") and "loop" in name
            chance = name in ("os.urandom", "os.getrandom") or (name.startswith("random.") and name != "random.Random")
            unseeded = name in ("random.Random", "Random") and not call.args
            if (dated or looped or chance or unseeded) and not _placed(name.split(".")[0], module.path):
                yield f"{module.path}:{line}: {name}()"


def _placed(what: str, path: str) -> bool:
    return any(what == name and (path == place or path.startswith(place)) for name, place in PLACES if place)


def no_sleep(modules: list[Module]) -> Iterator[str]:
    """Nobody sleeps, not even a test: what is waited for has a descriptor, an event or a deadline."""
    for module in modules:
        for line, name, _ in _calls(module):
            if name.split(".")[-1] == "sleep" and not _placed("sleep", module.path):
                yield f"{module.path}:{line}: {name}()"


def quiet(modules: list[Module]) -> Iterator[str]:
    """Only commands print."""
    for module in modules:
        if module.part in OURS and not module.path.startswith(PRINTERS):
            for line, name, _ in _calls(module):
                if name in ("print", "sys.stdout.write", "sys.stderr.write"):
                    yield f"{module.path}:{line}: {name}()"


def no_bare_except(modules: list[Module]) -> Iterator[str]:
    """An except names what it expects."""
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ExceptHandler) and node.type is None:
                yield f"{module.path}:{node.lineno}: except without a type"


def named(modules: list[Module]) -> Iterator[str]:
    """No module's name says nothing."""
    for module in modules:
        if WORDLESS_NAMES & {word for part in module.name.split(".") for word in part.split("_")}:
            yield f"{module.path}: a name that says nothing; name it after what it holds"
