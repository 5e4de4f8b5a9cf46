"""A page as SVG: one unit a millimetre, so that it prints in its size. Knows shapes and nothing of labels."""

from __future__ import annotations

from locker.sheets.page import Page, Shape


def write(page: Page) -> bytes:
    """Return the page as a file."""
    size = (
        f'width="{page.width_mm:g}mm" height="{page.height_mm:g}mm" viewBox="0 0 {page.width_mm:g} {page.height_mm:g}"'
    )
    paper = f'<path fill="#fff" d="M0 0h{page.width_mm:g}v{page.height_mm:g}H0z"/>'
    paths = "\n".join(_path(shape) for shape in page.shapes)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n{paper}\n{paths}\n</svg>\n'.encode()


def _path(shape: Shape) -> str:
    level = round(255 * (1 - shape.ink))
    steps = "".join(name + " ".join(f"{part:g}" for part in parts) for name, parts in shape.commands)
    return f'<path fill="#{level:02x}{level:02x}{level:02x}" d="{steps}"/>'
