"""Draws the wiring pictures of docs/hardware.md as SVG: ``python docs/pictures/wiring.py`` writes them beside itself.

Each picture is a function of a ``Sheet``; pins and addresses are those of the example configurations (a test reads them
there). Chinese first, English below it. Only the standard library and ``sheet.py``, so that anybody can change it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sheet import BLUE, GREEN, INK, ORANGE, RED, SOFT, Sheet

FOLDER = Path(__file__).resolve().parent


def rs485() -> Sheet:
    """Kerong and 8A/80 boards on one line."""
    sheet = Sheet(1000, 560, "锁板接线：RS-485 一条总线串到底", "Lock boards: one RS-485 line from end to end")
    sheet.box(30, 100, 150, 80, "树莓派", "Raspberry Pi")
    sheet.box(30, 240, 150, 90, "USB-485 转换器", "USB-RS485 adapter")
    sheet.wire((105, 180), (105, 240))
    sheet.text(114, 215, "USB", 12, SOFT)
    for y, name, colour in ((262, "A", BLUE), (308, "B", GREEN)):
        sheet.wire((180, y), (930, y), colour=colour, width=3)
        sheet.text(188, y - 8, name, 15, colour, weight=700)
    for x in (225, 930):
        sheet.wire((x, 262), (x, 308))
        sheet.resistor(x, 285, "120 Ω")
        sheet.dot((x, 262), colour=BLUE)
        sheet.dot((x, 308), colour=GREEN)
    for x, zh, en in ((340, "锁板 1", "board, address 0"), (660, "锁板 2", "board, address 1")):
        sheet.box(x, 380, 200, 80, zh, en)
        for y, shift, colour in ((262, 50, BLUE), (308, 90, GREEN)):
            sheet.wire((x + shift, y), (x + shift, 380), colour=colour)
            sheet.dot((x + shift, y), colour=colour)
            sheet.text(x + shift, 374, "A" if colour == BLUE else "B", 12, colour, "end")
        sheet.wire((x + 150, 130), (x + 150, 380), colour=RED)
        sheet.wire((x + 180, 155), (x + 180, 380))
        sheet.dot((x + 150, 130), colour=RED)
        sheet.dot((x + 180, 155))
        sheet.text(x + 100, 490, "每把锁：2 线线圈，2 线门开关", 13, anchor="middle")
        sheet.text(x + 100, 508, "per lock: 2 wires coil, 2 wires switch", 12, SOFT, "middle")
        for shift in (40, 80, 120, 160):
            sheet.wire((x + shift, 460), (x + shift, 474))
    sheet.box(250, 100, 120, 80, "12 V 电源", "3 A 以上 or more")
    sheet.wire((370, 130), (840, 130), colour=RED, width=3)
    sheet.wire((370, 155), (840, 155), width=3)
    sheet.text(378, 123, "+12 V", 12, RED)
    sheet.text(378, 172, "0 V", 12)
    sheet.text(30, 366, "两端各一只 120 Ω，中间不接", 13)
    sheet.text(30, 384, "120 Ω at both ends, none between", 12, SOFT)
    sheet.text(30, 414, "不要星形：分支越短越好", 13)
    sheet.text(30, 432, "no star; branches as short as can be", 12, SOFT)
    sheet.text(30, 462, "A、B 接反就没有声音", 13)
    sheet.text(30, 480, "A and B crossed: silence", 12, SOFT)
    sheet.text(30, 510, "地址用拨码开关，不能重复", 13)
    sheet.text(30, 528, "addresses by DIP switch, each once", 12, SOFT)
    return sheet


def relays() -> Sheet:
    """Modbus relays and inputs: one lock and one switch of many."""
    sheet = Sheet(
        1030, 560, "Modbus 继电器板和输入板：每把锁并一只二极管", "Modbus relays and inputs: a diode across every lock"
    )
    sheet.box(30, 110, 150, 80, "USB-485 转换器", "USB-RS485 adapter")
    for y, name, colour in ((130, "A", BLUE), (170, "B", GREEN)):
        sheet.wire((180, y), (600, y), colour=colour, width=3)
        sheet.text(188, y - 8, name, 15, colour, weight=700)
    for x in (215, 600):
        sheet.wire((x, 130), (x, 170))
        sheet.resistor(x, 150, "120 Ω")
    sheet.box(240, 240, 150, 260, "")
    sheet.box(430, 240, 150, 260, "")
    for x, zh, en in ((315, "继电器板", "relays, unit 1"), (505, "输入板", "inputs, unit 2")):
        sheet.text(x, 450, zh, 15, anchor="middle", weight=600)
        sheet.text(x, 470, en, 12, SOFT, "middle")
    for x in (270, 460):
        sheet.wire((x, 130), (x, 240), colour=BLUE)
        sheet.wire((x + 40, 170), (x + 40, 240), colour=GREEN)
        sheet.dot((x, 130), colour=BLUE)
        sheet.dot((x + 40, 170), colour=GREEN)
    sheet.text(248, 300, "COM n", 12)
    sheet.text(248, 330, "NO n", 12)
    sheet.box(30, 250, 130, 70, "12 V 电源", "supply")
    sheet.wire((160, 296), (240, 296), colour=RED)
    sheet.text(168, 290, "+12 V", 12, RED)
    sheet.wire((240, 326), (205, 326), (205, 360), colour=RED)
    sheet.coil(205, 360)
    sheet.text(186, 372, "锁 n", 13, anchor="end")
    sheet.text(186, 390, "lock n", 12, SOFT, "end")
    sheet.wire((205, 406), (205, 470), (45, 470), (45, 320))
    sheet.text(52, 464, "0 V", 12)
    sheet.wire((205, 346), (130, 346), (130, 376))
    sheet.wire((130, 390), (130, 420), (205, 420))
    sheet.diode(130, 382, "")
    sheet.text(114, 380, "1N4007", 12, anchor="end")
    sheet.text(130, 440, "环朝 +", 12, SOFT, "middle")
    sheet.text(130, 456, "ring to +", 11, SOFT, "middle")
    sheet.dot((205, 346), colour=RED)
    sheet.dot((205, 420))
    sheet.text(572, 300, "IN n", 12, anchor="end")
    sheet.text(572, 360, "COM", 12, anchor="end")
    sheet.wire((580, 296), (620, 296))
    sheet.switch(620, 296)
    sheet.wire((664, 296), (690, 296), (690, 356), (580, 356))
    sheet.text(635, 322, "n 号门的开关", 12, anchor="middle")
    sheet.text(635, 340, "switch n", 12, SOFT, "middle")
    sheet.note(
        720,
        130,
        ("两块板一条总线，各有地址", "two units on one line, each its address"),
        ("地址用软件设：一次只接一块板", "set addresses with one board connected"),
        ("脉冲由板子自己结束：flash-on 或 0500", "the board ends the pulse: flash-on or 0500"),
        ("锁接常开触点 NO，断电即锁", "normally-open contact: no power, no pulse"),
        ("二极管挨着锁，不挨着板", "the diode at the lock, not at the board"),
        ("门关时开关闭合还是断开：closed_bit", "closed or open when shut: closed_bit"),
        ("n 号门接 n 号输入；错开用 input_first", "door n to input n, or set input_first"),
    )
    return sheet


def shift() -> Sheet:
    """74HC595 and 74HC165 chains with the output enable gated."""
    sheet = Sheet(
        1180, 720, "移位寄存器：OE 上拉，开机时谁也不动", "Shift registers: OE pulled up, so that nothing moves at boot"
    )
    sheet.box(30, 110, 150, 520, "树莓派", "Raspberry Pi")
    pins = (
        (140, "GPIO5 enable_pin", RED),
        (180, "GPIO27 out_data_pin", BLUE),
        (220, "GPIO22 out_clock_pin", BLUE),
        (260, "GPIO23 out_latch_pin", BLUE),
        (300, "GPIO24 out_return_pin", GREEN),
        (480, "GPIO21 in_data_pin", GREEN),
        (520, "GPIO20 in_clock_pin", BLUE),
        (560, "GPIO16 in_load_pin", BLUE),
    )
    for y, name, colour in pins:
        sheet.text(190, y - 6, name, 12, colour)
    starts = (430, 590, 820)
    for y, colour in ((140, RED), (220, BLUE), (260, BLUE)):
        sheet.wire((180, y), (820, y), colour=colour)
    for y in (520, 560):
        sheet.wire((180, y), (980, y), colour=BLUE)
    for index, x in enumerate(starts):
        sheet.box(x, 120, 120, 200, "")
        sheet.text(x + 60, 304, f"74HC595  {index + 1}", 15, anchor="middle", weight=600)
        sheet.box(x, 460, 120, 130, "")
        sheet.text(x + 60, 450, f"74HC165  {index + 1}", 15, anchor="middle", weight=600)
    sheet.box(980, 460, 120, 130, "")
    sheet.text(1040, 432, "74HC165", 15, anchor="middle", weight=600)
    sheet.text(1040, 450, "固定图案 pattern", 12, SOFT, "middle")
    for x in starts:
        for y, colour in ((140, RED), (220, BLUE), (260, BLUE)):
            sheet.dot((x, y), colour=colour)
        for y, name in ((144, "OE"), (184, "SER"), (224, "SRCLK"), (264, "RCLK")):
            sheet.text(x + 9, y, name, 12)
        sheet.text(x + 112, 184, "Q7′", 12, anchor="end")
    sheet.wire((180, 180), (430, 180), colour=BLUE)
    sheet.wire((550, 180), (590, 180), colour=BLUE)
    sheet.wire((710, 180), (820, 180), colour=BLUE)
    sheet.wire((940, 180), (965, 180), (965, 345), (205, 345), (205, 300), (180, 300), colour=GREEN)
    sheet.text(700, 338, "送出去的再收回来比对 what went out comes back", 12, GREEN, "middle")
    sheet.wire((360, 90), (360, 140), colour=RED)
    sheet.resistor(360, 110, "10 kΩ 上拉 pull-up", colour=RED)
    sheet.dot((360, 140), colour=RED)
    sheet.text(360, 84, "3.3 V", 12, RED, "middle")
    _driver(sheet)
    sheet.wire((180, 480), (430, 480), colour=GREEN)
    for left, right in ((550, 590), (710, 820), (940, 980)):
        sheet.wire((left, 480), (right, 480), colour=GREEN)
    for x in (*starts, 980):
        sheet.dot((x, 520), (x, 560), colour=BLUE)
        for y, name in ((484, "QH"), (524, "CLK"), (564, "SH/LD")):
            sheet.text(x + 9, y, name, 12)
        sheet.text(x + 112, 484, "SER", 12, anchor="end")
    sheet.wire((1100, 480), (1120, 480), (1120, 600))
    sheet.ground(1120, 600)
    sheet.wire((490, 590), (490, 650), (540, 650))
    sheet.text(480, 612, "A…H", 11, anchor="end")
    sheet.wire((490, 634), (450, 634), (450, 666))
    sheet.resistor(450, 650, "10 kΩ", left=True)
    sheet.text(450, 684, "3.3 V", 12, RED, "middle")
    sheet.dot((490, 634))
    sheet.switch(540, 650, "")
    sheet.wire((584, 650), (610, 650), (610, 664))
    sheet.ground(610, 664)
    sheet.text(640, 650, "每扇门一个开关，接地；门关时闭合", 13)
    sheet.text(640, 668, "a switch a door to ground, closed when shut: closed_bit = 0", 12, SOFT)
    sheet.text(985, 612, "A B C E 接 3.3 V", 12)
    sheet.text(985, 630, "D F G H 接地 to ground", 12)
    return sheet


def _driver(sheet: Sheet) -> None:
    """One of 24 outputs: pull-down, driver, coil and diode."""
    sheet.wire((940, 240), (1000, 240))
    sheet.text(932, 244, "QA…QH", 12, anchor="end")
    sheet.wire((985, 240), (985, 275))
    sheet.resistor(985, 268, "")
    sheet.text(1000, 290, "10 kΩ", 12)
    sheet.wire((985, 285), (985, 300))
    sheet.ground(985, 300)
    sheet.dot((985, 240))
    sheet.box(1000, 215, 80, 50, "ULN2803", "")
    sheet.wire((1080, 240), (1110, 240), (1110, 200))
    sheet.coil(1110, 154)
    sheet.wire((1110, 154), (1110, 110), colour=RED)
    sheet.text(1110, 102, "+12 V", 12, RED, "middle")
    sheet.text(1096, 182, "锁 lock", 12, anchor="end")
    sheet.wire((1110, 130), (1145, 130), (1145, 170))
    sheet.wire((1145, 185), (1145, 220), (1110, 220))
    sheet.diode(1145, 177, "")
    sheet.dot((1110, 130), colour=RED)
    sheet.dot((1110, 220))


def expanders() -> Sheet:
    """MCP23017 chips, and the switch for the supply of all coils."""
    sheet = Sheet(
        1180,
        640,
        "MCP23017：脉冲由 12 V 的总开关给，不由芯片给",
        "MCP23017: the pulse is given by the coils' supply, not by the chips",
    )
    sheet.box(30, 110, 150, 470, "树莓派", "Raspberry Pi")
    for y, name, colour in ((200, "SDA GPIO2", BLUE), (240, "SCL GPIO3", GREEN)):
        sheet.text(190, y - 6, name, 12, colour)
        sheet.wire((180, y), (860, y), colour=colour)
    columns = (
        (330, "0x20", "锁 out 1–16"),
        (490, "0x21", "锁 out 17–24"),
        (650, "0x22", "门 in 1–14"),
        (810, "0x23", "门 in 15–24"),
    )
    for x, address, what in columns:
        sheet.box(x, 290, 130, 130, f"MCP23017 {address}", what)
        sheet.wire((x + 20, 200), (x + 20, 290), colour=BLUE)
        sheet.wire((x + 50, 240), (x + 50, 290), colour=GREEN)
        sheet.dot((x + 20, 200), colour=BLUE)
        sheet.dot((x + 50, 240), colour=GREEN)
        sheet.wire((x + 100, 270), (x + 100, 290), colour=RED)
        sheet.text(x + 100, 264, "RESET→3.3 V", 11, RED, "middle")
    sheet.text(190, 544, "GPIO17 enable_pin", 12, RED)
    sheet.wire((180, 550), (350, 550), colour=RED)
    sheet.wire((330, 550), (330, 590), colour=RED)
    sheet.resistor(330, 594, "10 kΩ 下拉 pull-down", colour=RED)
    sheet.wire((330, 611), (330, 622))
    sheet.ground(330, 622)
    sheet.dot((330, 550), colour=RED)
    sheet.box(350, 520, 170, 60, "12 V 总开关", "P-MOSFET / 继电器 relay")
    sheet.wire((435, 520), (435, 500), colour=RED)
    sheet.text(442, 506, "+12 V", 12, RED)
    sheet.wire((520, 550), (1010, 550), colour=RED, width=3)
    sheet.text(530, 542, "只在脉冲时通电 on during a pulse only", 12, RED)
    sheet.wire((395, 420), (395, 450), (700, 450), (860, 450))
    sheet.text(403, 440, "16 + 8 路 lines", 11)
    sheet.box(860, 428, 90, 46, "ULN2803", "")
    sheet.wire((830, 450), (830, 470))
    sheet.resistor(830, 484, "10 kΩ", left=True)
    sheet.wire((830, 501), (830, 526))
    sheet.ground(830, 526)
    sheet.dot((830, 450))
    sheet.wire((950, 450), (1010, 450), (1010, 478))
    sheet.coil(1010, 478)
    sheet.wire((1010, 524), (1010, 550), colour=RED)
    sheet.text(1028, 506, "锁 lock", 12)
    sheet.wire((980, 450), (980, 494))
    sheet.wire((980, 510), (980, 550), colour=RED)
    sheet.diode_down(980, 502)
    sheet.dot((980, 550), (1010, 550), colour=RED)
    sheet.dot((980, 450), (1010, 450))
    sheet.wire((940, 350), (985, 350))
    sheet.switch(985, 350, "门 door")
    sheet.wire((1029, 350), (1050, 350), (1050, 366))
    sheet.ground(1050, 366)
    sheet.text(1000, 320, "内部上拉 internal pull-up", 11, SOFT)
    sheet.note(
        560,
        602,
        ("GPA7、GPB7 只能作输出：每片最多 14 路输入", "GPA7 and GPB7 are outputs only: 14 inputs a chip at most"),
    )
    sheet.note(30, 606, ("开机、死机时总开关被下拉关断", "at boot and after a crash the pull-down keeps it off"))
    return sheet


def scanner() -> Sheet:
    """A GM65 on the UART, or on USB."""
    sheet = Sheet(
        1000, 420, "扫码器：GM65 接串口，或接 USB 虚拟串口", "Scanner: a GM65 on the UART, or as a USB virtual COM port"
    )
    sheet.box(30, 110, 190, 200, "树莓派", "Raspberry Pi")
    sheet.box(430, 200, 130, 80, "电平转换", "level shifter")
    sheet.box(700, 110, 170, 200, "GM65", "")
    rows = (
        (140, "5 V (2)", "VCC 4.2–6 V", RED),
        (180, "GND (6)", "GND", INK),
        (220, "GPIO14 TXD (8)", "RXD", BLUE),
        (260, "GPIO15 RXD (10)", "TXD", GREEN),
    )
    for y, ours, theirs, colour in rows:
        sheet.text(228, y - 6, ours, 12, colour)
        sheet.text(692, y - 6, theirs, 12, colour, "end")
        if colour in (BLUE, GREEN):
            sheet.wire((220, y), (430, y), colour=colour)
            sheet.wire((560, y), (700, y), colour=colour)
        else:
            sheet.wire((220, y), (700, y), colour=colour)
    sheet.text(495, 90, "电平转换：模块的 TXD 高过 3.3 V 时必须有；GM65-S 是 3.3 V，可以直连", 13, anchor="middle")
    sheet.text(
        495,
        108,
        "the shifter is needed where its TXD is above 3.3 V; a GM65-S has 3.3 V and goes straight",
        12,
        SOFT,
        "middle",
    )
    sheet.text(30, 384, '9600 8N1；关掉串口控制台（raspi-config），port = "/dev/serial0"', 13)
    sheet.text(
        30,
        402,
        'the serial console off; or over USB, "virtual COM": port = "/dev/serial/by-id/…", no shifter',
        12,
        SOFT,
    )
    sheet.wire((870, 290), (920, 290), (920, 336), (125, 336), (125, 310), dashed=True, colour=ORANGE)
    sheet.text(880, 282, "USB", 12, ORANGE)
    return sheet


PICTURES: dict[str, Callable[[], Sheet]] = {
    "wiring-rs485": rs485,
    "wiring-relays": relays,
    "wiring-shift": shift,
    "wiring-mcp23017": expanders,
    "wiring-scanner": scanner,
}


def main() -> None:
    """Write all of them."""
    for name, draw in PICTURES.items():
        (FOLDER / f"{name}.svg").write_text(draw().svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
