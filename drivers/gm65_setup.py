"""What a GM65 scanner must be set to, and in which order: read, write only what differs, read back, save once.

A plain script: a generator that yields commands and is sent each answer (None: there was none). Knows zones and their
bits (hardware facts, 5.1); must never know ports, time or codes.

| zone | bits | set to | why |
|---|---|---|---|
| 00E0 | all | must read 05 | other models have another map (hardware facts, 5.1): nothing is written to them |
| 0003 | 1 | 1 | nobody reconfigures the scanner by showing it a setup code |
| 0007 | 7 | 0 | no auto-sleep: it restarts on waking; the bit is the manual's as remembered, so it is read back |
| 0000 | all | D6 | LED and beep on success, aim and light while reading, continuous reading |
| 0005 | all | 0A | a code held still is read once a second |
| 000D | 1-0 | 00 or 11 | output where we listen: UART, or USB virtual COM when the port is one |
| 0060 | 6-0 | 01 | text, then CR, and nothing else around it |
| 00BC | all | 08 | raw data; only for firmware 69, which needs it |
| 0002 | - | 01 | start reading; not kept, and modules in the field want it in continuous mode too |
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from drivers import gm65_frames as frames
from drivers.scanner_wire import Outcome, Script

_MODEL_ZONE, _MODEL_GM65 = 0x00E0, 0x05
_FIRMWARE_ZONE, _FIRMWARE_RAW = 0x00E2, 0x69
_START_ZONE = 0x0002
_DONE = b"\x00"


@dataclass(frozen=True, slots=True)
class Setting:
    """Some bits of one zone: ``mask`` says which, ``value`` what they shall be; the other bits stay."""

    zone: int
    mask: int
    value: int
    what: str

    def applied(self, byte: int) -> int:
        """The zone's byte with these bits as they shall be."""
        return (byte & ~self.mask) | self.value


_CLOSED = Setting(0x0003, 0x02, 0x02, "setup codes closed")
_RAW = Setting(0x00BC, 0xFF, 0x08, "raw data")

_Ask = Generator[bytes, bytes | None, int | None]


def settings(usb: bool) -> tuple[Setting, ...]:
    """The table above. ``usb``: the port is the module's own USB virtual COM port."""
    return (
        _CLOSED,
        Setting(0x0007, 0x80, 0x00, "auto-sleep off"),
        Setting(0x0000, 0xFF, 0xD6, "continuous reading"),
        Setting(0x0005, 0xFF, 0x0A, "one second between reads"),
        Setting(0x000D, 0x03, 0x03 if usb else 0x00, "output on this port"),
        Setting(0x0060, 0x7F, 0x01, "text ends with CR"),
    )


def configure(usb: bool) -> Script:
    """Set the module up; ends with an ``Outcome``."""
    model = yield from _read(_MODEL_ZONE)
    if model is None:
        return Outcome(False)
    if model != _MODEL_GM65:
        return Outcome(True, (("not configured", f"model {model:02X} is not a GM65: set it up by hand"),))
    firmware = yield from _read(_FIRMWARE_ZONE)
    wanted = settings(usb) + ((_RAW,) if firmware == _FIRMWARE_RAW else ())
    troubles: list[tuple[str, str]] = []
    changed: list[str] = []
    closed = True
    for setting in wanted:
        outcome = yield from _apply(setting)
        if outcome is None:
            return Outcome(False, tuple(troubles))
        if outcome == "not kept":
            troubles.append(("setting not kept", f"{setting.what} (zone {setting.zone:04X})"))
            closed = closed and setting != _CLOSED
        elif outcome == "changed":
            changed.append(setting.what)
    saved = bool(changed) and (yield frames.save()) == _DONE
    if changed and not saved:
        troubles.append(("settings not saved", "they hold until the scanner loses power"))
    started = yield frames.write_zone(_START_ZONE, 0x01)
    version = "" if firmware is None else f"V{firmware // 100}.{firmware % 100:02d}"
    return Outcome(started is not None, tuple(troubles), saved, closed, tuple(changed), version)


def _apply(setting: Setting) -> Generator[bytes, bytes | None, str | None]:
    before = yield from _read(setting.zone)
    if before is None:
        return None
    wanted = setting.applied(before)
    if before == wanted:
        return "as it was"
    if (yield frames.write_zone(setting.zone, wanted)) is None:
        return None
    after = yield from _read(setting.zone)
    if after is None:
        return None
    return "changed" if after == wanted else "not kept"


def _read(zone: int) -> _Ask:
    data = yield frames.read_zone(zone)
    return data[0] if data is not None else None
