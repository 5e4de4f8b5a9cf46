"""The demo's page in a real Chromium: it draws the cabinet, carries a whole visit, fits on kiosk and laptop."""

from __future__ import annotations

import base64
import io
import json
import subprocess
from collections.abc import Iterator
from itertools import count, product
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from websockets.sync.client import ClientConnection, connect

from sim.demo import Demo
from sim.demo_page import application
from sim.demo_serve import PageServer
from sim.demo_site import CABINET, FOR_PEOPLE

pytestmark = [pytest.mark.debian("chromium", "fonts-noto-cjk"), pytest.mark.timeout(240)]

WAIT_MS = 30_000
FLAGS = (
    "--headless --no-sandbox --disable-gpu --hide-scrollbars --remote-debugging-port=0 --no-first-run --lang=zh-CN "
    "--disable-background-networking --disable-component-update --disable-sync --disable-default-apps"
)
SIZES = {"laptop": (1280, 800), "kiosk": (1080, 1920)}


class Browser:
    """One tab, spoken to over the DevTools protocol. ``complaints`` are console errors, ``asked`` all addresses."""

    def __init__(self, link: ClientConnection) -> None:
        self._link, self._numbers, self._session = link, count(1), ""
        self.complaints: list[str] = []
        self.asked: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send one command and wait for its answer, keeping what the page says meanwhile."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        self._link.send(json.dumps(message | ({"sessionId": self._session} if self._session else {})))
        while True:
            said = json.loads(self._link.recv(60))
            if said.get("id") == number:
                assert "error" not in said, said
                result: dict[str, Any] = said["result"]
                return result
            self._note(said)

    def _note(self, said: dict[str, Any]) -> None:
        params = said.get("params", {})
        if said.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"]))
        if said.get("method") == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.complaints.append(params["entry"]["text"])
        if said.get("method") == "Network.requestWillBeSent":
            self.asked.append(params["request"]["url"])

    def run(self, script: str) -> Any:
        """Evaluate a script in the page and return its value."""
        found = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def until(self, condition: str) -> None:
        """Wait in the page until a script's condition is true."""
        ended = f"Date.now() > begun + {WAIT_MS}"
        look = f"const look = () => ({condition}) ? done(true) : {ended} ? done(false) : setTimeout(look, 30); look();"
        good = self.run(f"new Promise((done) => {{ const begun = Date.now(); {look} }})")
        assert good, f"never true in the page: {condition}\n{self.run('document.body.innerText')}"

    def click(self, selector: str) -> None:
        """Click the first element of a selector, once it is there and may be clicked."""
        chosen = f"document.querySelector({json.dumps(selector)})"
        self.until(f"{chosen} && !{chosen}.disabled")
        self.run(f"{chosen}.click()")

    def key(self, key: str) -> None:
        """Press and let go of a key of the keyboard."""
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=key if len(key) == 1 else "\r")
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def sees(self, text: str, where: str = "#screen") -> None:
        """Wait until a part of the page shows a text."""
        self.until(f"document.querySelector({json.dumps(where)}).textContent.includes({json.dumps(text)})")

    def picture(self) -> Image.Image:
        """What is to be seen in the window now."""
        return Image.open(io.BytesIO(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])))

    def opens(self, url: str, size: str, scheme: str = "light") -> None:
        """Open the page at a size and in a colour scheme, and wait until it is drawn."""
        width, height = SIZES[size]
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Page.navigate", url=url)
        self.until("document.body && document.body.dataset.ready === 'yes'")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A running demo."""
    demo = Demo(tmp_path_factory.mktemp("demo"), FOR_PEOPLE, 11)
    try:
        demo.ready()
        yield demo
    finally:
        demo.close()


@pytest.fixture(scope="module")
def page(demo: Demo) -> Iterator[str]:
    """Give the address of its page."""
    server = PageServer(application(demo)).start()
    yield server.url
    server.close()


@pytest.fixture
def browser(tmp_path: Path, program: Any) -> Iterator[Browser]:
    """Give a tab of a fresh Chromium."""
    command = [program("chromium"), *FLAGS.split(), f"--user-data-dir={tmp_path}", "about:blank"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if "DevTools listening on" in line)
        with connect(line.split()[-1], max_size=None, proxy=None) as link:
            yield Browser(link)
        process.terminate()
        process.communicate()


PARTS = ".card, .screen, .words, .receipt, .cabinet, .top, .phone, .errands, .switches, .office, .clock, .pad, html"
FITS = """[...document.querySelectorAll('PARTS')]
  .filter((box) => box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1)
  .map((box) => `${box.className || box.tagName}: ${box.scrollWidth - box.clientWidth} too wide,`
    + ` ${box.scrollHeight - box.clientHeight} too high: ${box.textContent.slice(0, 80)}`)""".replace("PARTS", PARTS)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_it_fits_and_asks_nobody_else(browser: Browser, page: str, size: str, scheme: str) -> None:
    """24 doors, every part wholly visible in both languages, no error, no request to another host."""
    browser.opens(page, size, scheme)
    assert browser.run("document.querySelectorAll('.door').length") == 24
    for language in ("zh-CN", "en"):
        browser.until(f"document.documentElement.lang === '{language}'")
        for row, tabs in ((".tabs", 6), (".parts", 5)):
            for tab in range(1, tabs + 1):
                browser.click(f"{row} button:nth-child({tab})")
                assert browser.run(FITS) == [], (language, row, tab)
        browser.click("[data-offer=keypad]")
        assert browser.run(FITS) == [], (language, "keypad")
        browser.click("[data-key=back]")
        browser.click("#language")
    assert browser.complaints == []
    assert browser.asked and all(asked.startswith((page, "about:", "data:")) for asked in browser.asked)
    ink, paper = browser.run("[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]")
    assert (_light(paper) > _light(ink)) is (scheme == "light")


def test_a_whole_visit_a_refusal_and_a_power_cut(browser: Browser, page: str) -> None:
    """What a visitor of the demo does first: drop off, collect, be refused, cut the power; the stream tells it all."""
    browser.opens(page, "laptop")
    browser.sees("请把二维码对准")
    browser.click(".choices button:nth-child(3)")
    browser.sees("送材料 · 中号", "#phone")
    assert browser.run("document.querySelector('#phone path').getAttribute('d').length") > 1000
    browser.click("#hold")
    browser.sees("请把材料放进")
    browser.click(".hand .plain")
    browser.until("document.querySelector('[data-open][data-papers]')")
    browser.sees("取出", "#hand")
    _shut(browser)
    browser.sees("收好了")
    browser.until("Number.parseInt(document.querySelector('.screen .seconds').textContent) > 30")
    browser.click("[data-offer=done]")
    browser.sees("您好")

    browser.click(".tabs button:nth-child(2)")
    browser.click(".choices.grid button")
    browser.sees("取件", "#phone")
    browser.click("#hold")
    browser.sees("取走您的东西")
    browser.click("#power-cut")
    browser.sees("屏幕没有信号")
    browser.sees("门还开着")
    browser.click(".hand .plain")
    _shut(browser)
    browser.sees("取好了")
    browser.click("[data-offer=done]")
    _is_refused(browser)
    for told in ("收下一件", "的一件已取走", "办到一半断了电"):
        browser.sees(told, "#news")
    assert browser.complaints == []


def codes(picture: Image.Image) -> set[str]:
    """Every QR code in a picture, as a reader of another make sees it."""
    return {
        found.text
        for found in zxingcpp.read_barcodes(picture, zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode]))
    }


def test_the_receipt_can_be_photographed_from_the_screen(browser: Browser, page: str, demo: Demo) -> None:
    """In each size, scheme and language: it fits, says what it is good for, and reads as the event has it."""
    browser.opens(page, "laptop")
    browser.sees("您好")
    browser.click(".tabs button:nth-child(1)")
    browser.click(".choices button:nth-child(2)")
    browser.sees("送材料 · 小号", "#phone")
    browser.click("#hold")
    browser.sees("请把材料放进")
    browser.click(".hand .plain")
    browser.until("document.querySelector('[data-open][data-papers]')")
    _shut(browser)
    browser.until("document.querySelector('.screen .receipt path')")
    assert demo.cloud.wait_for(lambda: bool(receipts(demo)), WAIT_MS / 1000)
    for size, scheme, language in product(SIZES, ("light", "dark"), ("zh", "en")):
        if language == "zh":
            browser.opens(page, size, scheme)
        browser.until("document.querySelector('.screen .receipt path')")
        browser.sees("请拍照保存：它证明您何时投递", ".screen .receipt")
        browser.sees("Take a photo: it proves when you handed in", ".screen .receipt")
        assert browser.run(FITS) == [], (size, scheme, language)
        seen = codes(browser.picture())
        assert receipts(demo)[-1:] == [text for text in seen if text.startswith("LKR1:")], (size, scheme, language)
        browser.click("#language")
    browser.click("[data-offer=done]")
    browser.sees("您好")
    assert not browser.run("document.querySelector('.screen .receipt')")
    assert browser.complaints == []


def test_the_cabinets_own_code_can_be_scanned_from_the_screen(browser: Browser, page: str, demo: Demo) -> None:
    """In each size and scheme the idle screen's code reads as the address that the controller gave, and no other."""
    for size, scheme in product(SIZES, ("light", "dark")):
        browser.opens(page, size, scheme)
        browser.sees("用微信扫这里", ".screen .invite")
        assert {text for text in codes(browser.picture()) if text[:4] != "LK1:"} == {demo.invited}, (size, scheme)
    browser.click(".tabs button:nth-child(3)")
    browser.click(".choices button:nth-child(2)")
    browser.sees("屏幕上的码已经换了", "#phone")
    _drops_off_by_phone(browser)
    browser.click(".tabs button:nth-child(3)")
    browser.click(".choices button:nth-child(3)")
    browser.sees("拒绝：屏幕上的码已经换了", "#news")
    assert browser.complaints == []


def test_a_pick_up_code_is_typed_by_touch_and_by_keyboard(browser: Browser, page: str, demo: Demo) -> None:
    """The SMS has it; a slip is told; what was typed stands large on the glass, then nowhere, never in the stream."""
    browser.opens(page, "laptop")
    _drops_off_by_phone(browser)
    browser.click(".tabs button:nth-child(4)")
    browser.sees("取件码", "#phone .messages")
    digits = demo.phone.view()["messages"][0]["digits"]
    browser.sees(digits, "#phone .messages")
    slip = f"{(int(digits) + 1) % 10**6:06d}"
    browser.click("[data-offer=keypad]")
    for digit in f"{slip}7":
        browser.click(f"[data-key='{digit}']")
    assert browser.run("document.querySelector('.pad .digits').textContent") == slip
    browser.click("[data-key=delete]")
    assert browser.run("document.querySelector('.pad [data-key=confirm]').disabled")
    browser.click(f"[data-key='{slip[-1]}']")
    browser.click("[data-key=confirm]")
    browser.sees("这个取件码不对")
    for key in (*digits, "Enter"):
        browser.key(key)
    browser.sees("取走您的东西")
    for where in ("#screen", "#news"):
        told = browser.run(f"document.querySelector('{where}').textContent")
        assert digits not in told and slip not in told
    assert not [item for item in demo.news(0) if digits in item["raw"] or slip in item["raw"]]
    browser.click(".hand .plain")
    _shut(browser)
    browser.sees("取好了")
    browser.click("[data-offer=done]")
    browser.sees("您好")
    browser.sees("取件码作废", "#phone .messages")
    assert browser.complaints == []


def test_whose_codes_count_and_what_time_it_is_by_hand(browser: Browser, page: str) -> None:
    """Revoke the code on the phone, change the key in three steps, send an older set, set the clock back and right."""
    browser.opens(page, "laptop")
    browser.click(".tabs button:nth-child(1)")
    browser.click(".choices button:nth-child(1)")
    browser.sees("送材料 · 大小都行", "#phone")
    browser.click(".parts button:nth-child(2)")
    browser.click("#office .all button:nth-of-type(2)")
    browser.sees("新的作废名单生效", "#news")
    browser.click("#hold")
    browser.sees("这个码已经作废")
    browser.click("[data-offer=done]")
    browser.click(".choices button:nth-child(2)")
    browser.sees("送材料 · 小号", "#phone")
    for step, told in ((1, "下一把钥匙发下去了：第 2 版"), (2, "从现在起用新钥匙"), (3, "旧钥匙停用：第 4 版")):
        browser.click(f".steps button:nth-child({step})")
        browser.sees(told, "#news")
    browser.sees("停用", "#office .chip[data-state=retired]")
    browser.click(".pair button:nth-child(2)")
    browser.sees("钥匙集被拒：比现在的版本旧", "#news")
    browser.click("#hold")
    browser.sees("这个码太旧，已经停用")
    browser.click("[data-offer=done]")
    browser.click(".parts button:nth-child(3)")
    browser.click("#clock button:nth-of-type(1)")
    browser.until("document.querySelector('#clock[data-wrong]')")
    browser.sees("不可信", "#clock .note")
    _is_refused(browser)
    browser.click("[data-offer=done]")
    browser.click("#clock button:nth-of-type(6)")
    browser.sees("已对时", "#clock .note")
    assert browser.complaints == []


def test_a_technician_sees_wires_and_wear(browser: Browser, page: str, demo: Demo) -> None:
    """The fourth tab: a door that is forced open is one more cycle of its switch."""
    browser.opens(page, "laptop")
    browser.click(".parts button:nth-child(4)")
    demo.street.force(7)
    browser.until("+document.querySelector('#upkeep table + table tr:nth-child(7) td + td').textContent > 0")
    demo.street.shut(7)
    assert browser.complaints == []


def test_a_locked_keypad_says_for_how_long(browser: Browser, page: str) -> None:
    """Five wrong codes: no key is offered any more, the minutes and seconds are, in each size and language."""
    browser.opens(page, "laptop")
    for _ in range(5):
        browser.until("document.querySelector('[data-offer=keypad]')")
        if browser.run("document.querySelector('[data-offer=keypad]').disabled"):
            break
        for key in ("0", "0", "0", "0", "0", "0", "Enter"):
            browser.key(key)
        browser.sees("这次没办成")
        browser.click("[data-offer=done]")
        browser.sees("您好")
    for size, language in product(SIZES, ("zh", "en")):
        if language == "zh":
            browser.opens(page, size)
        browser.until("/[0-9]+ (秒|s)/.test(document.querySelector('[data-offer=keypad]:disabled').textContent)")
        assert browser.run(FITS) == [], (size, language)
        browser.key("5")
        assert not browser.run("document.querySelector('.pad')")
        browser.click("#language")
    assert browser.complaints == []


def receipts(demo: Demo) -> list[str]:
    """The receipts' texts that the cloud has, oldest first."""
    return [event["data"]["receipt"] for event in demo.cloud.events(CABINET) if event["type"] == "receipt"]


def _is_refused(browser: Browser) -> None:
    """Show an expired code; the screen and the stream say why not, and the stream shows the message as it came."""
    browser.click(".tabs button:nth-child(6)")
    browser.click(".choices.grid button:nth-child(1)")
    browser.sees("过期的码", "#phone")
    browser.click("#hold")
    browser.sees("这个码已经过期")
    browser.sees("拒绝：这个码已经过期", "#news")
    browser.click("#news li button")
    browser.sees('"type": "denied"', "#news pre")


def _drops_off_by_phone(browser: Browser) -> None:
    """Scan the screen's code, put papers in, shut the door, go."""
    browser.click(".tabs button:nth-child(3)")
    browser.click("#scan-now")
    browser.sees("号门正在打开", "#phone")
    browser.sees("请把材料放进")
    browser.click(".hand .plain")
    browser.until("document.querySelector('[data-open][data-papers]')")
    _shut(browser)
    browser.sees("收好了")
    browser.click("[data-offer=done]")
    browser.sees("您好")


def _shut(browser: Browser) -> None:
    """Shut the open door, again if its coil was still on."""
    browser.until("document.querySelector('[data-open]') && !document.querySelector('[data-coil]')")
    browser.click(".hand .main")
    browser.until("!document.querySelector('[data-open]')")


def _light(colour: str) -> int:
    return sum(int(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3])
