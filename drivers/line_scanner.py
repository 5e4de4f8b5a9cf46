"""Scanners of which only the text is known: plain line scanners, and Honeywell's, which read when they are told to.

Hardware: any scanner with a serial output or a USB virtual COM port.
Wire: text with the terminator that ``scanner.ending`` names, or none (then ``scanner.quiet_ms`` of quiet is the end).
To a Honeywell: 16 54 0D read, 16 55 0D stop.
Source: hardware facts, 5.4.
Quirks: neither answers anything, so nothing can be verified: not the rate, not that it reads, not that its set-up codes
are shut. Those have to be shut with the maker's own sheet or tool, by hand. A Honeywell is told to read when the port
opens, half a second after each reading, and every 5 seconds whatever happens: so a lost command, and a set-up code that
changed how it is triggered by hand, cost five seconds at most. With ``configure = false`` nothing is ever sent to it.
"""

from __future__ import annotations

from drivers.scanner_wire import TextWire, Trigger

READ, STOP = b"\x16\x54\x0d", b"\x16\x55\x0d"
_AFTER_MS, _EVERY_MS = 500, 5000


class HoneywellWire(TextWire):
    """Text, and the command that makes it read."""

    trigger: Trigger | None = Trigger(READ, _AFTER_MS, _EVERY_MS)
