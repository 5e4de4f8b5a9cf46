"""Our own request on its way back, for half-duplex adapters: taken off the front, or told from an answer.

Knows bytes only; must never know what they mean.
"""

from __future__ import annotations


class EchoFilter:
    """Takes our own request off the front of what comes in, for an adapter that echoes (hardware facts, 0.7)."""

    def __init__(self) -> None:
        """Begin with no echo due."""
        self._due = b""
        self._seen = 0

    def expect(self, request: bytes) -> None:
        """The echo of this request comes next; empty for none."""
        self._due, self._seen = request, 0

    def strip(self, data: bytes) -> bytes:
        """What is left of ``data``; all of it, with what was held before, when it is not the echo after all."""
        if not self._due:
            return data
        same = min(len(self._due) - self._seen, len(data))
        if data[:same] != self._due[self._seen : self._seen + same]:
            data, self._due = self._due[: self._seen] + data, b""
            return data
        self._seen += same
        if self._seen == len(self._due):
            self._due = b""
        return data[same:]


class EchoEar:
    """Tells an answer from an echo of the same bytes, where a protocol confirms an order by repeating it.

    An adapter that echoes does so with every request; whoever has a request come back that is unlike its answer knows
    it. From then on the first frame that repeats an order is our own, and only the second may be an answer.
    """

    def __init__(self, stripped: bool) -> None:
        """Nothing has come back yet. ``stripped``: an ``EchoFilter`` takes the echoes, and what is left is answers."""
        self._stripped = stripped
        self._echoes = self._due = False

    def forget(self) -> None:
        """Another adapter, perhaps."""
        self._echoes = self._due = False

    def sent(self) -> None:
        """An order whose answer may look like it goes out."""
        self._due = self._echoes

    def came_back(self) -> None:
        """A request came back that no answer looks like."""
        self._echoes = not self._stripped

    def takes(self) -> bool:
        """Whether a frame that repeats the order is its echo; asked once for each such frame."""
        due, self._due = self._due, False
        return due
