"""A configuration's text with some values changed and every comment kept.

Lines, not a parser: a key's line gets its new value and keeps what stands after it; a key that is not there is added at
the end of its table; a table of boards is taken from a commented template when there was none of that kind. What comes
out is decoded again by whoever saves it. Knows how our own files are laid out; must never know what a value means.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence

_HEADER = re.compile(r"^(#: )?(\[\[?[A-Za-z0-9_.-]+\]\]?)\s*(#.*)?$")
_DOOR = re.compile(r"^\s*\{\s*door\s*=\s*(\d+)\b")
Values = Mapping[str, object]


def literal(key: str, value: object) -> str:
    """A value as TOML writes it; addresses on an I2C bus in hexadecimal, as they are printed on boards."""
    if isinstance(value, list):
        form = "0x{:02X}" if key.endswith("_addresses") else "{}"
        return "[" + ", ".join(form.format(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def with_doors(text: str, doors: Sequence[Mapping[str, object]]) -> str:
    """The list of doors made these: a door that was there keeps its line, but for what differs."""
    lines = text.split("\n")
    first = next(at for at, line in enumerate(lines) if re.match(r"^doors\s*=\s*\[", line))
    last = next(at for at in range(first, len(lines)) if lines[at].startswith("]"))
    old = {int(found[1]): line for line in lines[first + 1 : last] if (found := _DOOR.match(line))}
    made = [_door_line(old.get(int(str(door["door"]))), door) for door in doors]
    return "\n".join([*lines[: first + 1], *made, *lines[last:]])


def _door_line(line: str | None, door: Mapping[str, object]) -> str:
    """One door on one line."""
    if line is None:
        return "  { " + ", ".join(f"{key} = {literal(key, value)}" for key, value in door.items()) + " },"
    for key, value in door.items():
        pattern = re.compile(rf"\b{key}(\s*)=(\s*)(\"[^\"]*\"|\w+)(,?)(\s*)")
        found = pattern.search(line)
        if found is None:
            if key not in ("occupancy", "low", "board") or value not in (False, "main"):
                line = re.sub(r"\s*\}(,?)(\s*)$", rf", {key} = {literal(key, value)} }}\1\2", line, count=1)
        elif found[3] != literal(key, value):
            new = f"{found[1]}={found[2]}{literal(key, value)}{found[4]}"
            pad = " " * max(bool(found[5]), len(found[0].rstrip()) + len(found[5]) - len(key) - len(new))
            line = line[: found.start()] + key + new + (pad if found[5] else "") + line[found.end() :]
    return line


def with_table(text: str, header: str, values: Values, index: int = 0) -> str:
    """The table with this header (the ``index``-th of its name) with these values; appended where there is none."""
    lines = text.split("\n")
    spans = _spans(lines, header)
    if index >= len(spans):
        added = [header, *(f"{key} = {literal(key, value)}" for key, value in values.items() if value is not None)]
        return "\n".join([*_stripped(lines), "", *added, ""])
    first, last = spans[index]
    return "\n".join([*lines[:first], *_block(lines[first:last], values), *lines[last:]])


def block_of(text: str, header: str) -> str:
    """The first table with this header, with its comments."""
    lines = text.split("\n")
    spans = _spans(lines, header)
    return "\n".join(_stripped(lines[spans[0][0] : spans[0][1]])) if spans else header


def without_table(text: str, header: str) -> str:
    """The table with this header put away as an optional one; its comments stay."""
    lines = text.split("\n")
    for first, last in _spans(lines, header)[:1]:
        lines[first:last] = [line if not line or line.startswith("#") else "#: " + line for line in lines[first:last]]
    return "\n".join(lines)


def with_blocks(text: str, header: str, blocks: Iterable[str]) -> str:
    """All tables with this header replaced by these blocks."""
    lines = text.split("\n")
    spans = _spans(lines, header)
    first, last = (spans[0][0], spans[-1][1]) if spans else (len(lines), len(lines))
    fresh = "\n\n".join(blocks).split("\n")
    return "\n".join([*lines[:first], *fresh, "", *lines[last:]])


def block_with(block: str, values: Values) -> str:
    """One table's text with these values."""
    return "\n".join(_stripped(_block(block.split("\n"), values)))


def _block(lines: Sequence[str], values: Values) -> list[str]:
    out = list(lines)
    for key, value in values.items():
        at = next((n for n, line in enumerate(out) if re.match(rf"^(#: )?{key}\s*=", line)), None)
        if value is None:
            if at is not None and not out[at].startswith("#: "):
                out[at] = "#: " + out[at]
        elif at is None:
            end = len(_stripped(out))
            out[end:end] = [f"{key} = {literal(key, value)}"]
        else:
            out[at] = _set(out[at].removeprefix("#: "), key, value)
    return out


def _set(line: str, key: str, value: object) -> str:
    """The line with its new value; a comment behind it stays."""
    found = re.match(rf"^({key}\s*=\s*)(\[[^\]]*\]|\"(?:[^\"\\]|\\.)*\"|[^#\s]+)(.*)$", line)
    return f"{found[1]}{literal(key, value)}{found[3]}" if found else f"{key} = {literal(key, value)}"


def _spans(lines: Sequence[str], header: str) -> list[tuple[int, int]]:
    """First line and the line after the last one, of each table in use with this header."""
    starts = [at for at, line in enumerate(lines) if (found := _HEADER.match(line)) and found[2]]
    spans = []
    for place, at in enumerate(starts):
        if lines[at].split("#")[0].strip() == header:
            end = starts[place + 1] if place + 1 < len(starts) else len(lines)
            while end < len(lines) and end > at + 1 and lines[end - 1].startswith("#"):
                end -= 1  # a comment right above the next table belongs to that one
            spans.append((at, end))
    return spans


def _stripped(lines: Sequence[str]) -> list[str]:
    """Without blank lines at the end."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    return list(lines[:end])
