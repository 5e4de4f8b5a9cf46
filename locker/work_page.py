"""The page of staff at work as it stands on the screen: put there, and kept true while it stands.

A door left open is shut, or an item is collected, while somebody reads a list: the list follows. Its number stays, so
that no touch under way becomes void, unless there are other buttons now. A notice that covers the page is left alone.
Knows pages and the screen; must never know a chore or a token.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from locker.chore import Page
from locker.screen import Screen


class WorkPage:
    """The one page there can be at a time."""

    def __init__(self, screen: Screen) -> None:
        """Nothing was put there yet."""
        self._screen = screen
        self._number = -1
        self._page = Page("")

    def put(self, page: Page, until_ms: int, reason: str, **instead: Any) -> None:
        """Show this page, or one with something else ``instead`` of its own; ``until_ms`` as ``Screen.show`` has it."""
        shown = replace(page, **instead)
        given: dict[str, Any] = {"offers": shown.offers, "facts": shown.facts, "rows": shown.rows}
        self._screen.show(shown.name, door=shown.door, until_ms=until_ms, reason=reason, digits=shown.digits, **given)
        self._number, self._page = self._screen.shown.number, page

    @property
    def stands(self) -> bool:
        """Whether it is on the screen now."""
        return self._screen.shown.number == self._number

    def follow(self, page: Page, until_ms: int, reason: str) -> None:
        """This is the page now: where it stands there and says something else, mend it."""
        if not self.stands or page == self._page:
            return
        shown = self._screen.shown
        if (shown.name, shown.door, shown.offers, shown.digits) == (page.name, page.door, page.offers, page.digits):
            self._page = page
            self._screen.change(facts=page.facts, rows=page.rows)
        else:
            self.put(page, until_ms, reason)
