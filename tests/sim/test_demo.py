"""The demo's parts: its site, codes, cable, screen and stream, and the whole of it with the real controller."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from locker import config, texts
from locker.authority.keys import KeyRing
from locker.authority.token import Authority, Refused
from locker.clock import boot_ms, wall_ms
from locker.model import Now, Purpose, Quality, Refusal, Size
from sim.cloud import Cloud
from sim.day_authority import AUTHORITY, AUTHORITY_CUTS, keypad_locks
from sim.day_people import Person
from sim.day_power import CUTS, power_cut_at_the_pulse
from sim.day_troubles import TROUBLES
from sim.day_visits import REFUSED, VISITS, collect, drop_off_any
from sim.demo import Demo
from sim.demo_cable import Cable
from sim.demo_clock import YEAR_MS, DemoClock
from sim.demo_codes import ODD, Issuer
from sim.demo_news import News
from sim.demo_office import Office
from sim.demo_phone import Phone
from sim.demo_qr import rows
from sim.demo_screen import spoken
from sim.demo_site import FOR_PEOPLE, FOR_THE_DAY, Site
from sim.watch import breaches

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Give a site whose broker is nowhere."""
    return Site(tmp_path, 1883, FOR_THE_DAY, 1)


def judge(site: Site, issuer: Issuer) -> Authority:
    """Give the production verifier the keys that the demo's office would deliver."""
    return Authority(KeyRing(Office(site, issuer, nowhere, News()).entries()), site.cabinet)


def nowhere() -> Cloud:
    """Stand for a broker that nobody may ask here."""
    raise AssertionError("this needs no broker")


def test_the_demo_has_the_doors_of_the_commented_example(site: Site) -> None:
    """Whoever reads config/cabinet.toml sees the cabinet of the demo."""
    assert site.config.doors == config.load(ROOT / "config" / "cabinet.toml").doors


@pytest.mark.parametrize("pace", [FOR_PEOPLE, FOR_THE_DAY])
def test_both_paces_are_good_configurations(tmp_path: Path, pace: Any) -> None:
    """The demo never runs on a configuration that a cabinet would refuse, and never without a network name."""
    assert Site(tmp_path, 1883, pace, 2).config.visit.alarm_ms == pace.alarm_ms


def test_good_codes_say_what_was_asked_for(site: Site) -> None:
    """A code on the demo's phone is a token that the real verifier takes."""
    now, issuer = Now(boot_ms(), wall_ms(), Quality.SYNCED), Issuer(site, 1)
    authority = judge(site, issuer)
    for code, purpose in (
        (issuer.deposit("M", low=True), Purpose.DEPOSIT),
        (issuer.collect("A1001"), Purpose.COLLECT),
        (issuer.staff(5), Purpose.STAFF),
    ):
        claims = authority.verify(code.text.encode(), now)
        assert not isinstance(claims, Refused), claims
        assert claims.purpose is purpose and claims.cti.hex() == code.cti
    first = authority.verify(issuer.deposit("M", low=True).text.encode(), now)
    assert not isinstance(first, Refused) and first.size is Size.M and first.low


@pytest.mark.parametrize("kind", [kind for kind in ODD if kind != "nobody"])
def test_each_odd_code_is_odd_in_its_own_way(site: Site, kind: str) -> None:
    """What the page calls expired is expired, what it calls forged is forged: the verifier says so."""
    issuer = Issuer(site, 1)
    code = issuer.odd(kind)
    refused = judge(site, issuer).verify(code.text.encode(), Now(boot_ms(), wall_ms(), Quality.SYNCED))
    assert isinstance(refused, Refused)
    assert refused.reason is Refusal(REFUSED.get(kind, "not_yet_valid"))


def test_the_same_seed_makes_the_same_codes(site: Site) -> None:
    """A day can be played again."""
    one, other = Issuer(site, 5), Issuer(site, 5)
    assert one.deposit().cti == other.deposit().cti
    assert Issuer(site, 6).deposit().cti != Issuer(site, 5).deposit().cti


def test_a_qr_is_square_and_dark_in_its_corners() -> None:
    """The rows are a code as the page draws it, without a quiet zone."""
    drawn = rows("LK1:" + "A1" * 100)
    assert {len(row) for row in drawn} == {len(drawn)}
    assert drawn[0][:7] == drawn[0][-7:] == drawn[-1][:7] == "1111111"


def facts_of(name: str, language: str) -> set[str]:
    """The words of a screen that come with its facts, as on staff's screens."""
    parts = (texts.words("screens", name, language, part=part) for part in ("title", "say", "next"))
    return {word for words in parts for word in words} - {"door", "place", "ticket", "phone", "reason", "advice"}


@pytest.mark.parametrize("name", sorted(texts.catalogue("zh")["screens"]))
def test_every_screen_can_be_said_in_both_languages(site: Site, name: str) -> None:
    """No screen lacks a word that the panel's line gives."""
    line = {
        "screen": name,
        "number": 1,
        "door": 6,
        "offers": ["done"],
        "reason": "expired",
        "ticket": "06-1",
        "remaining_ms": 0,
        "receipt": "LKR1:A",
        "invite": "https://hgj.example/lk/demo-1?n=0011223344556677",
        "digits": 6,
        "facts": {word: "L" for language in texts.LANGUAGES for word in facts_of(name, language)},
    }
    view = spoken(line, site.config)
    for language in texts.LANGUAGES:
        said = view[language]
        assert said["title"] and said["say"] and said["next"] and said["offers"]
        assert not any("{" in str(sentence) for sentence in said.values() if sentence is not said["keypad"])
        assert [word for word, sentence in said["keypad"].items() if "{wait}" in sentence] == ["locked"]
    assert view["zh"]["receipt_title"] == "投递凭证" and len(view["receipt"]) == 21
    assert view["zh"]["invite_title"] == "用微信扫这里" and len(view["invite"]) == 33
    assert view["zh"]["keypad"]["say"] == "短信里的 6 个数字" and not view["locked"]
    assert ("过期" in view["zh"]["notice"]) is (name != "refused")


def test_the_stream_says_each_message_in_both_languages_and_keeps_it_as_it_came() -> None:
    """Known events have sentences, unknown ones their name, broken ones themselves; too many snapshots are left out."""
    news = News()
    event = {"type": "denied", "door": 0, "data": {"reason": "expired"}}
    news.add("lk/v1/demo-1/up/evt", json.dumps(event).encode())
    news.add("lk/v1/demo-1/up/evt", b'{"type":"brand_new","door":3}')
    news.add("lk/v1/demo-1/up/door/03", b"{}")
    refused = {"type": "keys_refused", "door": 0, "data": {"reason": "rollback"}}
    news.add("lk/v1/demo-1/up/health", b"\xff{")
    first, second, third = news.after(0)
    assert (first["zh"], first["en"]) == ("拒绝：这个码已经过期", "Refused: This code has expired")
    assert first["tone"] == "act" and json.loads(first["raw"]) == event
    assert second["en"] == "brand_new 3"
    assert third["tone"] == "act"
    assert [item["n"] for item in news.after(1)] == [2, 3]
    news.add("lk/v1/demo-1/up/evt", json.dumps(refused).encode())
    news.add("lk/v1/demo-1/up/evt", json.dumps(refused | {"data": {"reason": "brand_new"}}).encode())
    assert [item["zh"] for item in news.after(3)] == ["钥匙集被拒：比现在的版本旧", "钥匙集被拒：brand_new"]
    for _ in range(3):
        news.add("lk/v1/demo-1/up/health", b"{}")
    assert [item["zh"] for item in news.after(5)] == ["健康报告"]


def test_a_pulled_cable_cuts_and_refuses_and_comes_back_on_the_same_port() -> None:
    """What the network does to the cabinet, the cable does; the broker behind it stays."""
    with socket.create_server(("127.0.0.1", 0)) as broker:
        cable = Cable(broker.getsockname()[1])
        address = ("127.0.0.1", cable.port)
        with socket.create_connection(address, 5) as near:
            far, _ = broker.accept()
            near.sendall(b"ping")
            assert far.recv(10) == b"ping"
            far.sendall(b"pong")
            assert near.recv(10) == b"pong"
            cable.unplug()
            assert near.recv(10) == b"" and far.recv(10) == b""
            far.close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, 5)
        cable.plug()
        with socket.create_connection(address, 5):
            broker.accept()[0].close()
        cable.close()


def test_a_clock_is_where_it_was_left_and_moves_only_by_its_turns(tmp_path: Path) -> None:
    """Both sides of the file see the same hands, a restart finds them, and boot time cannot be moved."""
    page, machine = DemoClock(tmp_path / "clock"), DemoClock(tmp_path / "clock")
    boot = machine.boot_id()
    assert machine.now().quality is Quality.SYNCED and abs(machine.now().wall_ms - wall_ms()) < YEAR_MS // 365
    for turn, years, quality, same in (
        ("back", -1, Quality.SYNCED, True),
        ("lost", -1, Quality.FLOOR, True),
        ("forward", 10, Quality.FLOOR, True),
        ("rtc", 10, Quality.RTC, True),
        ("woke", -1, Quality.FLOOR, False),
        ("right", 0, Quality.SYNCED, False),
    ):
        zh, en = page.turn(turn)
        now, before_ms = machine.now(), boot_ms()
        assert zh and en and now.quality is quality and now.floor_ms is None
        assert abs(now.wall_ms - wall_ms() - years * YEAR_MS) < YEAR_MS // 365
        assert (machine.boot_id() == boot) is same and now.ms <= before_ms
        assert DemoClock(tmp_path / "clock").hands == machine.hands
    with pytest.raises(ValueError, match="no such turn"):
        page.turn("noon")


def test_the_phone_gets_the_code_that_the_cabinet_computes_and_loses_it_with_the_item(site: Site) -> None:
    """The SMS is made of the event's load number and the secret file's bytes; an item that has left makes it void."""
    phone = Phone(site, Issuer(site, 1), nowhere, lambda: "", News())
    deposited = {"type": "deposited", "door": 7, "data": {"order": b"A1001".hex(), "load": 5, "cti": "00"}}
    phone.hears(deposited)
    phone.hears(deposited)
    message = phone.message_for("A1001")
    assert message is not None and phone.all_codes() == {5: message.digits}
    command = [sys.executable, "-m", "locker", "pickup", "code", "--counter", "5", "--secret-file"]
    told = subprocess.run(
        [*command, site.folder / "pickup.secret"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == message.digits and message.digits in message.view()["zh"]
    assert [each["over"] for each in phone.view()["messages"]] == [False]
    phone.hears({"type": "collected", "door": 7, "data": {"cti": "00"}})
    assert [each["over"] for each in phone.view()["messages"]] == [True]
    assert phone.message_for("A1002") is None


def test_the_phone_reads_the_nonce_from_the_address_on_the_screen(site: Site) -> None:
    """As the cabinet's configuration has it; a dark screen and a second use of nothing are told."""
    address = config.invite_url(site.config, "00112233445566ff")
    phone = Phone(site, Issuer(site, 1), nowhere, lambda: address, News())
    assert phone.nonce("now") == bytes.fromhex("00112233445566ff")
    assert len(phone.nonce("old")) == 8 and phone.nonce("old") != phone.nonce("now")
    with pytest.raises(ValueError, match="scan the code on the screen first"):
        phone.nonce("used")
    with pytest.raises(ValueError, match="no code of its own"):
        Phone(site, Issuer(site, 1), nowhere, lambda: "", News()).nonce("now")


# --- the whole of it ---


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Give a running demo with the real controller."""
    running = Demo(tmp_path_factory.mktemp("demo"), FOR_THE_DAY, 3)
    try:
        running.ready()
        yield running
    finally:
        running.close()


def test_one_visit_and_one_power_cut_through_the_real_processes(demo: Demo) -> None:
    """A drop-off, a power cut at the pulse, a collection: people get their way, and the watch finds nothing."""
    person = Person(demo)
    for visit in (drop_off_any, power_cut_at_the_pulse, collect):
        person.begin()
        visit(person)
        person.sees("idle")
    person.knows_all_doors()  # the last door's state may be on its way to the cloud yet
    found = breaches(demo.journal())
    assert not any(found.values()), found
    assert len(demo.controller.starts) == 2
    assert demo.cloud.hook_errors == 0


def test_typed_codes_phones_keys_and_clocks_through_the_real_processes(demo: Demo) -> None:
    """Everything by hand that is about who may open what, as the scripted day has it, and the watch finds nothing."""
    person = Person(demo)
    for visit in (*AUTHORITY, *AUTHORITY_CUTS, keypad_locks):
        person.begin()
        visit(person)
        person.sees("idle")
    person.knows_all_doors()  # the last door's state may be on its way to the cloud yet
    found = breaches(demo.journal())
    assert not any(found.values()), found
    assert demo.cloud.hook_errors == 0 and demo.cloud.sound("demo-1")


def test_what_is_pressed_on_the_page_is_done_or_refused_with_a_sentence(demo: Demo) -> None:
    """Each order of the page has its effect in the street; a wrong one raises with a sentence for the page."""
    demo.do({"do": "fault", "door": 9, "fault": "jam"})
    assert demo.state()["doors"][8]["jam"] == "jam"
    demo.do({"do": "fault", "door": 9, "fault": "jam"})
    assert demo.state()["doors"][8]["jam"] == ""
    demo.do({"do": "code", "errand": "deposit", "size": "L", "low": True})
    phone = demo.state()["phone"]["code"]
    assert phone["zh"].startswith("送材料") and len(phone["rows"]) > 40
    for wrong in (
        {"do": "open sesame"},
        {"do": "put", "door": 9},
        {"do": "take", "door": 99},
        {"do": "shut", "door": "9"},
        {"do": "code", "errand": "odd", "odd": "none"},
        {"do": "plug", "part": "sofa", "on": False},
        {"do": "type", "digits": "12a456", "screen": 1},
        {"do": "code", "errand": "kept", "cti": "00"},
        {"do": "scan", "how": "upside down"},
        {"do": "office", "act": "resign"},
        {"do": "office", "act": "rotate", "step": "retire"},
        {"do": "office", "act": "revoke", "cti": "00"},
        {"do": "clock", "set": "melting"},
    ):
        with pytest.raises(ValueError, match=r"[一-鿿]"):
            demo.do(wrong)


def test_the_day_has_every_kind_of_visit() -> None:
    """At least thirty visits, each with a title, none twice."""
    titles = [(visit.__doc__ or "").strip() for visit in (*VISITS, *TROUBLES, *CUTS, *AUTHORITY, *AUTHORITY_CUTS)]
    assert len(titles) >= 30 and all(titles) and len(set(titles)) == len(titles)


def test_an_unknown_or_planned_scenario_is_refused_with_the_known_ones() -> None:
    """Nothing starts; the message names what there is."""
    wrong = {"--scenario month": "not there yet", "--scenario dya": "no scenario", "--headless": "needs"}
    for words, said in wrong.items():
        command = [sys.executable, "-m", "locker", "demo", *words.split()]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert ended.returncode == 2 and said in ended.stderr and "day" in ended.stderr


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_command_prints_where_to_look_and_ends_all_its_processes(tmp_path: Path, end: signal.Signals) -> None:
    """Ctrl-C, or a service manager, ends broker, cabinet and controller; nothing of them is left."""
    command = [sys.executable, "-m", "locker", "demo", "--seed", "1", "--keep", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        assert "http://127.0.0.1:" in lines[1]
        children = _children(process.pid)
        assert len(children) >= 2
        process.send_signal(end)
        assert process.wait(30) == 0
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def _children(pid: int) -> set[int]:
    """Return the process ids below one, by what the kernel says."""
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found |= {int(child)} | _children(int(child))
    return found


def test_the_page_is_served_to_this_machine_only(demo: Demo) -> None:
    """Strict headers on every answer; a foreign host, origin or content type is refused."""
    from http.client import HTTPConnection
    from urllib.parse import urlsplit

    from sim.demo_page import application
    from sim.demo_serve import PageServer

    page = PageServer(application(demo)).start()
    address = urlsplit(page.url).netloc

    def ask(method: str, path: str, body: str = "", **headers: str) -> tuple[int, dict[str, str], bytes]:
        link = HTTPConnection(address, timeout=20)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        link.request(method, path, body or None, named)
        answer = link.getresponse()
        found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        link.close()
        return found

    try:
        status, headers, body = ask("GET", "/")
        assert status == 200 and b"app.js" in body and b"<style" not in body and b"onclick" not in body
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert ask("GET", "/", Host="evil.example")[0] == 400
        json_type = {"Content_Type": "application/json"}
        assert ask("POST", "/do", "{}", Origin="http://evil.example", **json_type)[0] == 403
        assert ask("POST", "/do", '{"do":"power"}', Content_Type="text/plain")[0] == 415
        assert ask("POST", "/do", "[1]", **json_type)[0] == 400
        refused = json.loads(ask("POST", "/do", '{"do":"shut","door":99}', **json_type)[2])
        assert refused == {"ok": False, "why": "没有这个门  no such door"}
        assert ask("GET", "/../demo.py")[0] == 404
    finally:
        page.close()
