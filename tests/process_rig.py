"""The real controller process between simulated wires, a broker and a cloud: what the tests from end to end stand on.

``Rig`` is the demo's stage (the same street, cable, cloud and child process, started with the command that a cabinet
starts it with) with what only a test wants: another broker, other settings, a kill that stays dark, and a look at what
is on the disk. Every wait is for a condition and has a limit that is generous to a busy machine.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from pathlib import Path

import zxingcpp
from PIL import Image

from locker.cli import qr
from sim.cloud import Cloud
from sim.day_people import WAIT_S
from sim.demo_cable import Cable
from sim.kill_rig import AT_REST_MS, READ, UNLOCK, KillRig

__all__ = ["AT_REST_MS", "READ", "UNLOCK", "Rig", "photographed"]


class Rig(KillRig):
    """A cabinet with everything around it, still dark. ``person`` stands in front of it."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: int = 1,
        broker_port: int = 0,
        version: int = 5,
        settings: Mapping[str, str] | None = None,
        keys: bool = True,
    ) -> None:
        """``broker_port`` 0: the demo's own broker. ``settings`` are lines for a table: ``{"mqtt": "window = 3"}``.

        With ``keys`` false no key set is there until ``office.deliver``. The clock is this machine's.
        """
        super().__init__(folder, seed=seed, keys=keys)
        self._more = contextlib.ExitStack()
        lines = dict(settings or {})
        with contextlib.ExitStack() as unless_done:
            unless_done.callback(self.close)
            if broker_port:
                self._go_to(broker_port, version)
                if keys:
                    self.office.deliver()
                lines["mqtt"] = f"version = {version}\n" + lines.get("mqtt", "")
            self._configure(lines)
            unless_done.pop_all()

    def __enter__(self) -> Rig:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End everything. A controller that is left over would sooner or later open a later test's terminal."""
        self.controller.close()
        self._more.close()
        super().close()

    # --- inside ---

    def _go_to(self, port: int, version: int) -> None:
        """Leave the demo's own broker for another one: cloud, cable and configuration."""
        self.cloud.stop()
        self.cable.unplug()
        before, self.cable = self.cable.port, Cable(port)
        self._more.callback(self.cable.close)
        self.cloud = Cloud("127.0.0.1", port, version=version, on_message=self._on_message)
        self._more.callback(self.cloud.stop)
        self.cloud.start(WAIT_S)
        file = self.site.config_file
        file.write_text(file.read_text("utf-8").replace(f"port = {before}\n", f"port = {self.cable.port}\n"), "utf-8")

    def _configure(self, lines: Mapping[str, str]) -> None:
        """Put more lines under the head of a table."""
        text = self.site.config_file.read_text("utf-8")
        for table, more in lines.items():
            head = "[[boards]]" if table == "boards" else f"[{table}]"
            assert text.count(head) == 1, head
            text = text.replace(f"{head}\n", f"{head}\n{more}\n")
        self.site.config_file.write_text(text, "utf-8")


def photographed(text: str) -> str:
    """What a reader of another make sees in the picture that the cabinet's own command draws of a token."""
    picture = Image.open(io.BytesIO(qr.png(qr.draw(text))))
    found = zxingcpp.read_barcodes(picture, zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode]))
    assert len(found) == 1, f"{len(found)} codes in the picture"
    return bytes(found[0].bytes).decode("ascii")
