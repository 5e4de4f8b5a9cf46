"""The far sides of board and scanner, fed with the document's frames."""

from __future__ import annotations

import pytest
from frames import (
    GM65_COMMANDS,
    GM65_SILENT,
    KERONG_BAD,
    KERONG_FORBIDDEN,
    KERONG_REPLIES,
    KERONG_REQUESTS,
    Printed,
    raw,
)

from sim.body import Body
from sim.gm65 import SETUP_PREFIX, Gm65, crc
from sim.kerong_cu24 import UNLOCK_TIME, KerongBoard


def ask(board: KerongBoard, text: str, now_ms: int = 0) -> str:
    """What the board answers to a request, in hexadecimal."""
    board.feed(raw(text), now_ms)
    return board.refresh(now_ms + 1000).hex(" ").upper()


def tell(scanner: Gm65, text: str, now_ms: int = 0) -> str:
    """What the scanner answers to a command, in hexadecimal."""
    scanner.feed(raw(text), now_ms)
    return scanner.refresh(now_ms + 20).hex(" ").upper()


@pytest.fixture
def board() -> KerongBoard:
    """A CU24 with 24 shut doors."""
    return KerongBoard(Body(24))


@pytest.fixture
def scanner() -> Gm65:
    """A scanner with its factory settings."""
    return Gm65()


@pytest.mark.parametrize("printed", KERONG_REQUESTS + KERONG_FORBIDDEN, ids=lambda p: p.text)
def test_documented_requests_are_answered(board: KerongBoard, printed: Printed) -> None:
    """Each is taken, journalled with its bytes, and answered with an OK."""
    reply = raw(ask(board, printed.text))
    assert [received.frame for received in board.received] == [printed.frame]
    assert reply[4] == 0x10 and (sum(reply[:7]) + sum(reply[8:])) % 256 == reply[7]


@pytest.mark.parametrize(
    ("request_", "reply"),
    [
        ("02 00 00 8F 00 00 03 94", "02 00 00 8F 10 02 03 BA 13 01"),
        ("02 00 01 81 00 00 03 87", "02 00 01 81 10 00 03 97"),
        ("02 00 02 81 00 00 03 88", "02 00 02 81 10 00 03 98"),
        ("02 00 17 81 00 00 03 9D", "02 00 17 81 10 00 03 AD"),
        ("02 00 00 80 00 00 03 85", "02 00 00 80 10 03 03 95 FF FF FF"),
        ("02 00 00 82 00 00 03 87", "02 00 00 82 10 02 03 D0 00 37"),
    ],
)
def test_documented_pairs_of_request_and_reply(board: KerongBoard, request_: str, reply: str) -> None:
    """Byte for byte."""
    assert ask(board, request_) == reply


@pytest.mark.parametrize(("ask_byte", "reply"), [(p.ask, p.text) for p in KERONG_REPLIES if p.lock == 23])
def test_every_documented_answer_to_an_unlock(board: KerongBoard, ask_byte: int, reply: str) -> None:
    """ASK 10 to 14 for lock 24."""
    board.unlock_ask = ask_byte
    assert ask(board, "02 00 17 81 00 00 03 9D") == reply


@pytest.mark.parametrize(
    ("opened", "reply"),
    [
        (0, "02 00 00 80 10 03 03 94 FE FF FF"),
        (16, "02 00 00 80 10 03 03 94 FF FF FE"),
        (23, "02 00 00 80 10 03 03 15 FF FF 7F"),
    ],
)
def test_documented_status_of_one_open_door(board: KerongBoard, opened: int, reply: str) -> None:
    """Lock 1, 17 and 24."""
    board.body.stick_sensor(opened, False)
    assert ask(board, "02 00 00 80 00 00 03 85") == reply


def test_fifteen_cells_fitted_read_as_seen_live() -> None:
    """The payload FF 7F 00."""
    assert ask(KerongBoard(Body(15)), "02 00 00 80 00 00 03 85") == "02 00 00 80 10 03 03 16 FF 7F 00"


def test_the_cu12_documents_frames() -> None:
    """Two data bytes, its own version, and 0C for all."""
    board = KerongBoard(Body(12), kind="kr-cu12")
    board.version = b"\x10\x12"
    assert ask(board, "02 00 00 8F 00 00 03 94") == "02 00 00 8F 10 02 03 C8 10 12"
    for channel in range(12):
        board.body.stick_sensor(channel, channel == 1)
    assert ask(board, "02 00 00 80 00 00 03 85", 2000) == "02 00 00 80 10 02 03 99 02 00"
    ask(board, "02 00 0C 81 00 00 03 92", 4000)
    assert len(board.body.pulses) == 12


@pytest.mark.parametrize("text", KERONG_BAD)
def test_bad_frames_get_no_answer_and_pulse_nothing(board: KerongBoard, text: str) -> None:
    """Nor are they journalled as requests."""
    assert ask(board, text) == ""
    assert not board.received and not board.unlocks


def test_all_locks_pulses_every_coil_and_the_witness_objects(board: KerongBoard) -> None:
    """What the near side must never be able to send."""
    ask(board, "02 00 18 81 00 00 03 9E")
    assert len(board.body.pulses) == 24
    assert [b.what for b in board.body.breaches].count("two_coils") > 0


def test_a_wrong_sum_may_be_answered_with_14(board: KerongBoard) -> None:
    """Where the firmware does."""
    board.answers_bad_sum = True
    assert ask(board, "02 00 17 81 00 00 03 9F") == "02 00 17 81 14 00 03 B1"
    assert board.bad_sums == 1 and not board.unlocks


def test_the_pulse_time_is_stored_used_and_forgotten_or_not(board: KerongBoard) -> None:
    """Set to 300 ms, pulses are 300 ms; after a restart it is kept, or back at its default."""
    ask(board, "02 00 00 82 00 02 03 A7 00 1E")
    ask(board, "02 00 00 81 00 00 03 86", 2000)
    assert board.body.pulses[0].pulse_ms == 300
    board.reboot(4000, 300)
    board.feed(raw("02 00 00 80 00 00 03 85"), 4100)
    assert board.refresh(4299) == b"" and not board.powered
    assert board.refresh(4300) == b"" and board.powered and board.pulse_ms == 300
    board.forgets_at_reboot = True
    board.reboot(6000, 300)
    board.refresh(6300)
    assert board.pulse_ms == 550


def test_without_power_it_hears_and_says_nothing(board: KerongBoard) -> None:
    """And what it was about to say is gone."""
    board.feed(raw("02 00 00 80 00 00 03 85"), 0)
    board.power(False, 1)
    assert board.refresh(100) == b"" and ask(board, "02 00 00 80 00 00 03 85", 200) == ""
    board.power(True, 2000)
    assert ask(board, "02 00 00 80 00 00 03 85", 2001) != ""


def test_an_unknown_command_is_13_and_another_address_is_silence(board: KerongBoard) -> None:
    """As documented."""
    board.commands.discard(UNLOCK_TIME)
    assert raw(ask(board, "02 00 00 82 00 00 03 87"))[4] == 0x13
    assert ask(board, "02 01 00 80 00 00 03 86", 2000) == ""


def test_a_delayed_unlock_happens_by_itself(board: KerongBoard) -> None:
    """Command 84: three seconds later."""
    ask(board, "02 00 05 84 00 01 03 92 03")
    assert board.deadline_ms() == 3000 and not board.unlocks
    board.refresh(3000)
    assert board.unlocks == [(3000, 5)]


def test_requests_in_pieces_and_behind_garbage_are_found(board: KerongBoard) -> None:
    """A stale piece is forgotten after a pause."""
    board.feed(raw("FF 02 02 00 00 80 00"), 0)
    board.feed(raw("00 03 85"), 5)
    assert len(board.received) == 1
    board.feed(raw("02 00 00 80"), 1000)
    board.feed(raw("02 00 00 80 00 00 03 85"), 3000)
    assert len(board.received) == 2


@pytest.mark.parametrize(("command", "reply"), GM65_COMMANDS)
def test_documented_commands_get_their_documented_reply(scanner: Gm65, command: str, reply: str) -> None:
    """Byte for byte, with true and with suppressed checksums."""
    assert tell(scanner, command) == reply


def test_the_reply_at_115200(scanner: Gm65) -> None:
    """After the divisor was written."""
    tell(scanner, "7E 00 08 02 00 2A 1A 00 AB CD")
    assert tell(scanner, "7E 00 07 01 00 2A 02 D8 0F", 100) == "02 00 00 02 1A 00 82 D8"


@pytest.mark.parametrize("command", GM65_SILENT)
def test_it_stays_silent_where_the_manual_says_so(scanner: Gm65, command: str) -> None:
    """Wrong checksum, none at all, or a command it does not have."""
    assert tell(scanner, command) == ""
    assert not scanner.writes


def test_a_pause_over_400_ms_voids_a_command(scanner: Gm65) -> None:
    """Up to 400 ms it is still one command."""
    for pause_ms, answered in ((400, True), (401, False)):
        begin_ms = 10_000 * pause_ms
        scanner.power_cycle(begin_ms)
        scanner.feed(raw("7E 00 07 01"), begin_ms + 1000)
        scanner.feed(raw("00 0A 01 EE 8A"), begin_ms + 1000 + pause_ms)
        assert bool(scanner.refresh(begin_ms + 5000)) is answered


def test_what_is_not_saved_is_gone_after_a_power_cycle(scanner: Gm65) -> None:
    """Save keeps it; factory reset undoes it; the restart takes a moment."""
    tell(scanner, "7E 00 08 01 00 03 02 01 88")
    scanner.power_cycle(100)
    assert scanner.codes_open and tell(scanner, "7E 00 07 01 00 E2 01 77 91", 200) == ""
    tell(scanner, "7E 00 08 01 00 03 02 01 88", 1000)
    tell(scanner, "7E 00 09 01 00 00 00 DE C8", 1100)
    scanner.power_cycle(1200)
    assert not scanner.codes_open and scanner.saves == 1
    tell(scanner, "7E 00 08 01 00 D9 55 D1 76", 2000)
    assert scanner.codes_open


def test_modes_decide_whether_a_code_is_read(scanner: Gm65) -> None:
    """Manual needs the key, command mode a start and gives one reading, continuous reads by itself."""
    scanner.show("A", 0)
    scanner.press_key(10)
    scanner.show("B", 20)
    scanner.show("C", 30)
    assert scanner.refresh(40) == b"B\r" and scanner.unread == ["A", "C"]
    scanner.zones[0x0000] = 0xD1
    scanner.feed(raw("7E 00 08 01 00 02 01 02 DA"), 100)
    scanner.show("D", 101)
    scanner.show("E", 102)
    assert scanner.refresh(200) == raw("02 00 00 01 00 33 31") + b"D\r"
    scanner.zones[0x0000] = 0xD2
    scanner.show("F", 300)
    assert scanner.refresh(300) == b"F\r"


def test_a_single_reading_ends_at_its_time_limit(scanner: Gm65) -> None:
    """Zone 0006: five seconds by default, 0 for ever."""
    scanner.press_key(0)
    scanner.show("A", 5001)
    assert scanner.refresh(6000) == b""
    scanner.zones[0x0006] = 0
    scanner.press_key(7000)
    scanner.show("B", 29_000)
    assert scanner.refresh(29_000) == b"B\r"


def test_a_code_held_still_is_read_again_after_each_interval(scanner: Gm65) -> None:
    """Three readings in two and a half seconds at one second each."""
    scanner.zones[0x0000] = 0xD2
    scanner.show("A", 0, held_ms=2500)
    assert b"".join(scanner.refresh(ms) for ms in range(0, 5000, 10)) == b"A\rA\rA\r"


@pytest.mark.parametrize(("bits", "tail"), [(0x01, b"\r"), (0x21, b"\r\n"), (0x41, b"\t"), (0x61, b""), (0x00, b"")])
def test_the_tail_follows_zone_0060(scanner: Gm65, bits: int, tail: bytes) -> None:
    """CR, CRLF, TAB, none; and none at all when switched off."""
    scanner.zones[0x0000], scanner.zones[0x0060] = 0xD2, bits
    scanner.show("A", 0)
    assert scanner.refresh(0) == b"A" + tail


def test_output_to_usb_says_nothing_on_the_uart(scanner: Gm65) -> None:
    """Zone 000D."""
    scanner.zones[0x0000], scanner.zones[0x000D] = 0xD2, 0x01
    scanner.show("A", 0)
    assert scanner.refresh(100) == b""


def test_it_is_awake_when_it_is_switched_on_however_late(scanner: Gm65) -> None:
    """Its 30 seconds begin with its first moment, not with the clock's."""
    assert tell(scanner, "7E 00 07 01 00 E2 01 77 91", 9_000_000) == "02 00 00 01 64 1F 13"


def test_it_falls_asleep_and_restarts_on_its_key(scanner: Gm65) -> None:
    """After 30 s idle it is deaf and blind; the key wakes it, by a restart with what was saved."""
    scanner.zones[0x0000] = 0xD2
    scanner.show("A", 29_000)
    assert scanner.refresh(29_000) == b"A\r"
    assert scanner.deadline_ms() == 59_000
    scanner.show("B", 59_001)
    assert scanner.refresh(59_001) == b"" and tell(scanner, "7E 00 07 01 00 E2 01 77 91", 59_100) == ""
    scanner.press_key(60_000)
    assert scanner.zones[0x0000] == 0xD4
    assert tell(scanner, "7E 00 07 01 00 E2 01 77 91", 60_600) == "02 00 00 01 64 1F 13"


def test_a_setup_code_works_only_while_they_are_open(scanner: Gm65) -> None:
    """Open: obeyed and kept. Closed: nothing. Given out as text only where zone 0003 bit 0 says so."""
    scanner.zones[0x0000] = 0xD2
    scanner.show(f"{SETUP_PREFIX}0005=14", 0)
    assert scanner.zones[0x0005] == scanner.eeprom[0x0005] == 0x14
    scanner.zones[0x0003] = 0x02
    scanner.show(f"{SETUP_PREFIX}0005=63", 100)
    assert scanner.zones[0x0005] == 0x14 and scanner.refresh(100) == b""
    scanner.zones[0x0003] = 0x03
    scanner.show(f"{SETUP_PREFIX}0005=63", 200)
    assert scanner.refresh(200) == f"{SETUP_PREFIX}0005=63\r".encode()


def test_paced_output_takes_its_time() -> None:
    """300 bytes take about 0.31 s at 960 byte/s, and a reply waits for them."""
    scanner = Gm65(paced=True)
    scanner.zones[0x0000] = 0xD2
    scanner.show("A" * 299, 0)
    scanner.feed(raw("7E 00 07 01 00 E2 01 77 91"), 10)
    assert len(scanner.refresh(311)) == 299
    rest = b"".join(scanner.refresh(ms) for ms in range(312, 400))
    assert rest == b"\r" + raw("02 00 00 01 64 1F 13")


def test_the_checksum_is_the_documents() -> None:
    """Of a zero byte: 33 31, which is why it looks like a fixed tail."""
    assert crc(raw("00 01 00")) == raw("33 31")
