"""What a planted bug is: which text of which file becomes which other, and in what company that is played."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sabotage:
    """One bug: ``old`` stands exactly once in ``file``; ``cast`` names the company, "disk" the disk that is cut.

    ``crash`` True: the honest consequence is that the program dies of itself, and dying counts as the catch.
    """

    name: str
    file: str
    old: str
    new: str
    invariant: int
    cast: str
    crash: bool = False
