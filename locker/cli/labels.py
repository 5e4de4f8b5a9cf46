"""``locker labels``: sheets of labels for envelopes and doors, as PDF or SVG.

Knows options and files; how a sheet looks is in ``locker.sheets``. Nothing here is secret: a label opens nothing.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from locker import config
from locker.model import Size
from locker.sheets.orders import KINDS, Envelope, numbered, read
from locker.sheets.page import Box, Grid, Page, Shape, SheetError

if TYPE_CHECKING:
    from locker.sheets.art import Artist

DEFAULT = "/etc/locker/cabinet.toml"
ENVELOPES, DOORS = ("3x8", "70x37"), ("2x6", "99x46")
Draw = Callable[[Box], Iterator[Shape]]


def register(parser: argparse.ArgumentParser) -> None:
    """Add the two commands."""
    commands = parser.add_subparsers(dest="command", required=True)
    about = "信封标签：来自 CSV，或连续编号  envelope labels, from CSV or numbered"
    envelopes = commands.add_parser("envelopes", help=about, description=about)
    source = envelopes.add_mutually_exclusive_group(required=True)
    columns = "order,kind,size,low 订单,种类,大小,低位"
    source.add_argument("--orders", metavar="FILE", help=f"CSV：{columns}；- 读标准输入  - is standard input")
    source.add_argument("--count", type=int, metavar="N", help="连续编号印几张  so many, numbered from --first")
    envelopes.add_argument("--first", metavar="TEXT", help="第一个编号，以数字结尾  the first number, ends in digits")
    envelopes.add_argument("--kind", choices=sorted(KINDS), help="--count 的种类  what --count is for")
    envelopes.add_argument("--size", choices=[size.name for size in Size], help="--count 的大小  the size for --count")
    envelopes.add_argument("--any-cabinet", action="store_true", help="不限柜子  good for every cabinet")
    about = "柜门标签：大号码、位置、码  door labels: number, place and code"
    doors = commands.add_parser("doors", help=about, description=about)
    for command, (grid, label) in ((envelopes, ENVELOPES), (doors, DOORS)):
        add = command.add_argument
        add("--config", type=Path, default=Path(DEFAULT), metavar="FILE", help=f"配置  {DEFAULT}")
        add("--out", type=Path, required=True, metavar="FILE", help="写到 .pdf 或 .svg  a .pdf or .svg to write")
        add("--grid", default=grid, metavar="CxR", help=f"几列几行  columns and rows; {grid}")
        add("--label", default=label, metavar="WxH", help=f"每张的宽高，毫米  one label's size in mm; {label}")
        add("--gap", default="0x0", metavar="XxY", help="间距，毫米  gaps in mm; 0x0")
        add("--skip", type=int, default=0, metavar="N", help="跳过已用掉的几张  labels of the first sheet used already")
        add("--cut", action="store_true", help="印裁切标记  print cut marks")
        add("--font", type=Path, metavar="FILE", help="字体文件  a font file; default: fonts-noto-cjk")


def run(args: argparse.Namespace) -> int:
    """Write the sheets. A mistake is raised as ``ValueError`` or ``OSError``."""
    if args.out.suffix not in (".pdf", ".svg"):
        raise SheetError(f"--out {args.out}: must end in .pdf or .svg")
    grid = _grid(args)
    cfg = config.load(args.config)
    envelopes = _envelopes(args) if args.command == "envelopes" else []
    from locker.sheets.art import Artist
    from locker.sheets.glyphs import Font

    artist = Artist(cfg, Font(args.font) if args.font else Font())
    draws = _drawn(artist, cfg, envelopes, args)
    pages = _pages(grid, draws, args.skip, args.cut)
    files = _write(args.out, pages)
    names = ", ".join(str(file) for file in files)
    print(f"{names}: {len(draws)} 张标签，{len(pages)} 页，按 100% 打印，不要“适合页面”")
    print(f"{names}: {len(draws)} labels on {len(pages)} pages; print at 100 %, not fitted to the page")
    return 0


def _drawn(artist: Artist, cfg: config.Config, envelopes: list[Envelope], args: argparse.Namespace) -> list[Draw]:
    """How each label is drawn into its cell."""
    if args.command == "doors":
        return [_door(artist, door) for door in sorted(cfg.doors, key=lambda door: door.door)]
    bound = "" if args.any_cabinet else cfg.cabinet.id
    return [_envelope(artist, envelope, bound) for envelope in envelopes]


def _door(artist: Artist, door: config.Door) -> Draw:
    return lambda cell: artist.door(cell, door)


def _envelope(artist: Artist, envelope: Envelope, bound: str) -> Draw:
    return lambda cell: artist.envelope(cell, envelope, bound)


def _envelopes(args: argparse.Namespace) -> list[Envelope]:
    if args.count is None:
        data = sys.stdin.buffer.read() if args.orders == "-" else Path(args.orders).read_bytes()
        found = read(data, "stdin" if args.orders == "-" else args.orders)
        if not found:
            raise SheetError(f"{args.orders}: a heading and no orders; nothing to print")
        return found
    if not args.first:
        raise SheetError("--count needs --first, as in --count 24 --first A0001")
    size = Size[args.size] if args.size else None
    return numbered(args.first, args.count, Envelope(b"", KINDS.get(args.kind), size))


def _grid(args: argparse.Namespace) -> Grid:
    columns, rows = (int(part) for part in _pair("--grid", args.grid))
    (width, height), (gap_x, gap_y) = _pair("--label", args.label), _pair("--gap", args.gap)
    grid = Grid(columns, rows, width, height, gap_x, gap_y)
    if not 0 <= args.skip < grid.count:
        raise SheetError(f"--skip {args.skip}: 0 to {grid.count - 1} of a sheet's {grid.count} labels")
    return grid


def _pair(name: str, text: str) -> tuple[float, float]:
    found = re.fullmatch(r"(\d{1,3}(?:\.\d)?)x(\d{1,3}(?:\.\d)?)", text)
    if found is None or (name == "--grid" and "." in text):
        raise SheetError(
            f"{name} {text!r}: two numbers with an x between, as in {'3x8' if name == '--grid' else '70x37'}"
        )
    return float(found[1]), float(found[2])


def _pages(grid: Grid, draws: list[Draw], skip: int, cut: bool) -> list[Page]:
    pages = list[Page]()
    for index, draw in enumerate(draws, skip):
        if index % grid.count == 0 or not pages:
            pages.append(Page(shapes=list(grid.cut_marks()) if cut else []))
        pages[-1].shapes += draw(grid.cell(index % grid.count))
    return pages


def _write(out: Path, pages: list[Page]) -> list[Path]:
    """One PDF, or one SVG a page: the second has -2 before its ending."""
    if out.suffix == ".pdf":
        from locker.sheets import pdf

        out.write_bytes(pdf.write(pages))
        return [out]
    from locker.sheets import svg

    files = [out, *(out.with_stem(f"{out.stem}-{number}") for number in range(2, len(pages) + 1))]
    for file, page in zip(files, pages, strict=True):
        file.write_bytes(svg.write(page))
    return files
