"""A window of Debian's Chromium on the kiosk's page, driven by Playwright, and what is looked for on it.

``Window.faults`` measures what is drawn: text that is missing, too small, cut off, outside the window, over other text.
Nothing here waits for time: only for what the page shows.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import zxingcpp
from kiosk_stage import Stage
from PIL import Image
from playwright.sync_api import Page, sync_playwright

SIZES = {"small": (800, 480), "landscape": (1280, 800), "portrait": (1080, 1920)}
LEAST_PX = 24
TOUCH_PX = 44
WAIT_MS = 20_000
PAUSED_S = 4_000_000_000
"""Where a clock that is wound by hand begins: any instant that is later than now."""
AXE = Path(__file__).resolve().parents[1] / "axe" / "node_modules" / "axe-core" / "axe.min.js"

MEASURE = """
(least, touch) => {
  const found = [];
  const seen = (element) => element.getClientRects().length && !element.closest(".unseen");
  const own = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  const boxes = [];
  for (const element of document.querySelectorAll("body *")) {
    if (!seen(element)) continue;
    const say = (what, wrong) => wrong && found.push(`${what}: <${element.tagName.toLowerCase()} ${
      element.dataset?.key ?? element.getAttribute("class") ?? ""}> ${element.textContent.slice(0, 40)}`);
    const box = element.getBoundingClientRect();
    const svg = element.ownerSVGElement;
    const drawn = svg || element.tagName === "svg";
    const font = parseFloat(getComputedStyle(element).fontSize);
    if (own(element)) {
      const size = font * (svg ? element.getScreenCTM().a : 1);
      say(`text of ${size.toFixed(1)} px`, size < least - 0.5);
      say("outside", box.left < -1 || box.top < -1 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1);
      say("unfilled", /[{}]|undefined|null|NaN/.test(element.textContent));
    }
    const worded = ["BUTTON", "H1", "P", "LI"].includes(element.tagName) && element.getAttribute("role") !== "img";
    say("empty", worded && !element.textContent.trim());
    say("too small to touch", element.tagName === "BUTTON" && (box.width < touch || box.height < touch));
    say("too wide", !drawn && element.clientWidth && element.scrollWidth > element.clientWidth + 1);
    say("too high", !drawn && element.clientHeight && element.scrollHeight > element.clientHeight + font * 0.4);
    const row = element.matches(".what") && element.closest(".row");
    say("no room in its row", row && element.offsetHeight > row.clientHeight - font * 0.1);
    const part = ".words > *, .figure > *, .aside > *, .buttons > *, header > *, footer > p, footer > button, svg.code";
    if (!element.matches(part)) continue;
    for (const [other, place] of boxes) {
      if (other.contains(element)) continue;
      const across = Math.min(box.right, place.right) - Math.max(box.left, place.left);
      const down = Math.min(box.bottom, place.bottom) - Math.max(box.top, place.top);
      say(`over ${other.textContent.slice(0, 20)}`, across > 2 && down > 2);
    }
    boxes.push([element, box]);
  }
  return found;
}
"""
EVERY_LOOK = f"""
([least, touch, keys]) => {{
  const measure = {MEASURE};
  const press = (key) => document.querySelector(`[data-key="${{key}}"]`).click();
  const found = {{}};
  const look = (name) => {{ const bad = measure(least, touch); if (bad.length) found[name] = bad; }};
  for (const key of keys) press(key);
  look("zh"); press("large"); look("zh large"); press("language"); look("en large"); press("large"); look("en");
  press("language");
  return found;
}}
"""
SAME_LOOK = f"([least, touch]) => ({MEASURE})(least, touch)"


class Window:
    """One window. ``complaints`` is what the console said: errors, refused loads, breaches of the content policy."""

    def __init__(self, page: Page, url: str, by_hand: bool = False) -> None:
        """Open the page; ``by_hand`` stops its clock, which is then wound on by ``page.clock``."""
        self.page, self.url, self.complaints = page, url, list[str]()
        page.set_default_timeout(WAIT_MS)
        page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        if by_hand:
            page.clock.install()
            page.clock.pause_at(PAUSED_S)
        page.goto(url)

    def shows(self, number: int) -> None:
        """Wait until the screen with this number is drawn."""
        self.page.wait_for_selector(f'body[data-number="{number}"]')

    def waits_for(self, name: str) -> None:
        """Wait until a screen, or a view of the page's own, of this name is drawn."""
        self.page.wait_for_selector(f'body[data-screen="{name}"]')

    def touch(self, key: str) -> None:
        """Touch a button as a finger does: in its middle, where it can be seen."""
        self.page.locator(f'[data-key="{key}"]').tap()

    def faults(self, least_px: int = LEAST_PX) -> list[str]:
        """What is wrong with what is drawn now."""
        found: list[str] = self.page.evaluate(SAME_LOOK, [least_px, TOUCH_PX])
        return found

    def faults_everywhere(self, *keys: str) -> dict[str, list[str]]:
        """What is wrong in both languages, with text of both sizes; ``keys`` are touched first."""
        found: dict[str, list[str]] = self.page.evaluate(EVERY_LOOK, [LEAST_PX, TOUCH_PX, list(keys)])
        return found

    def barriers(self) -> list[str]:
        """What axe-core finds, levels A to AAA and good practice."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        tags = ["wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        options = {"runOnly": {"type": "tag", "values": tags}, "rules": {"color-contrast-enhanced": {"enabled": True}}}
        options |= {"resultTypes": ["violations"]}  # what passed is not described, which takes most of the time
        result: dict[str, Any] = self.page.evaluate("(options) => axe.run(document, options)", options)
        return [f"{each['id']}: {node['html'][:120]}" for each in result["violations"] for node in each["nodes"]]

    def picture(self) -> Image.Image:
        """What is to be seen in the window now."""
        return Image.open(io.BytesIO(self.page.screenshot(animations="disabled"))).convert("RGB")

    def codes(self) -> list[str]:
        """The QR codes that somebody's phone would read from the glass."""
        return [found.text for found in zxingcpp.read_barcodes(self.picture())]


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless Chromium of Debian's."""
    program = shutil.which("chromium")
    assert program is not None, "mark the test with @pytest.mark.debian('chromium')"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@contextmanager
def window(browser: Any, url: str, size: str, by_hand: bool = False) -> Iterator[Window]:
    """A window of a display's size, in which nothing moves by itself; ``by_hand``: not even its clock."""
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce", has_touch=True)
    try:
        yield Window(context.new_page(), url, by_hand)
    finally:
        context.close()


@contextmanager
def stage_on(port: int) -> Iterator[Stage]:
    """A stage that ends with the block."""
    stage = Stage(port)
    try:
        yield stage
    finally:
        stage.close()
