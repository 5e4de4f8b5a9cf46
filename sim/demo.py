"""The demo: broker, cloud, cabinet on pseudo-terminals and the real controller, put together and taken apart again.

It is the stage of the web page and the scripted day; both do only what people, staff, the cloud or bad luck could do.
Knows how the parts are connected. Must never reach into the controller: that is a process with its own files, started
with the command a cabinet starts it with.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sim import demo_upkeep
from sim.broker import EmbeddedBroker
from sim.cloud import Cloud, Message
from sim.demo_boards import DEFAULT
from sim.demo_cable import Cable
from sim.demo_clock import DemoClock
from sim.demo_codes import Issuer
from sim.demo_controller import Controller
from sim.demo_news import News
from sim.demo_office import Office
from sim.demo_parts import DemoParts
from sim.demo_phone import Phone
from sim.demo_screen import spoken
from sim.demo_site import CABINET, Pace, Site
from sim.demo_street import Street
from sim.watch import Journal, Limits
from sim.whereabouts import follow

READY_S = 30.0


class Demo:
    """A whole running cabinet with everything around it. ``folder`` must exist; nothing outside it is touched."""

    def __init__(
        self,
        folder: Path,
        pace: Pace,
        seed: int,
        power: bool = True,
        keys: bool = True,
        own_clock: bool = True,
        board: str = DEFAULT,
        wiring: str = "",
    ) -> None:
        """Start all parts, with ``power`` false all but the controller, which ``controller.power_on`` starts.

        The key set waits at the broker from the start; with ``keys`` false only from ``office.deliver`` on. With
        ``own_clock`` false the controller has this machine's clock, which nobody can move. ``board`` and ``wiring`` are
        those of ``sim.demo_boards``. Raises ``ValueError``, ``OSError`` or ``TimeoutError``; what had started by then
        is ended.
        """
        self._lock = threading.Lock()
        self.held: dict[int, str] = {}
        self.feed = News()
        with ExitStack() as parts:
            self._begin_network(parts)
            self.site = Site(folder, self.cable.port, pace, seed, board, wiring)
            self.issuer = Issuer(self.site, seed)
            self.phone = Phone(self.site, self.issuer, lambda: self.cloud, lambda: self.invited, self.feed)
            self.office = Office(self.site, self.issuer, lambda: self.cloud, self.feed)
            if keys:
                self.office.deliver()
            self.clock = DemoClock(self.site.clock_file)
            parts.callback(self.clock.close)
            self.street = Street(self.site, seed)
            parts.callback(self.street.close)
            self.street.start()
            hands = self.site.clock_file if own_clock else None
            self.controller = Controller(self.site, self.street.notify, hands)
            parts.callback(self.controller.close)
            self._begin_parts(parts)
            self.controller.start(power)
            self._parts = parts.pop_all()

    def _begin_network(self, parts: ExitStack) -> None:
        """The broker, the cloud behind it, and the cable to the cabinet."""
        broker = EmbeddedBroker()
        parts.callback(broker.close)
        broker.start()
        self.cloud = Cloud("127.0.0.1", broker.port(5), on_message=self._on_message)
        parts.callback(self.cloud.stop)
        self.cloud.start(READY_S)
        self.cable = Cable(broker.port(5))
        parts.callback(self.cable.close)

    def _begin_parts(self, parts: ExitStack) -> None:
        """What hangs on pins beside the doors, where this demo has it; mains that come back start the computer."""
        pace = self.site.pace
        self.parts = DemoParts(self.site.folder, pace.runtime_s, self.controller.power_on) if pace.parts else None
        if self.parts is not None:
            parts.callback(self.parts.close)
            self.parts.start()

    def ready(self, timeout_s: float = READY_S) -> None:
        """Wait until somebody may come: the idle screen, every door known, the keys taken. Raises ``TimeoutError``."""

        def all_there() -> bool:
            return self.shown == "idle" and self._doors_known() and self._keys_taken()

        if not self.street.until(all_there, timeout_s):
            words = self.controller.last_words()
            raise TimeoutError(f"the cabinet was not ready after {timeout_s} s; the controller's last words:\n{words}")

    def close(self) -> None:
        """End everything that was started."""
        self._parts.close()

    @property
    def shown(self) -> str:
        """The name of the screen that is shown, empty while it is dark."""
        screen = self.street.screen.screen
        return str(screen["screen"]) if screen else ""

    @property
    def invited(self) -> str:
        """The address that the screen shows for phones, empty while it shows none."""
        screen = self.street.screen.screen
        return str(screen["invite"]) if screen else ""

    # --- the stage of the page ---

    def state(self) -> dict[str, Any]:
        """Return the whole world as the page draws it."""
        with self.street.changed:
            seen, reading = self.street.view()
            line = self.street.screen.screen
        plans = {door.door: door for door in self.site.config.doors}
        doors = [
            door | {"size": plans[door["door"]].size, "side": plans[door["door"]].side, "row": plans[door["door"]].row}
            for door in seen
        ]
        about = self.site.config.cabinet
        with self._lock:
            orders = [{"order": order, "door": door} for door, order in sorted(self.held.items())]
        plugs = {part: self.street.plugged(part) for part in ("board", "scanner")} | {"network": self.cable.plugged}
        return {
            "cabinet": {"id": about.id, "name_zh": about.name_zh, "name_en": about.name_en, "phone": about.phone},
            "doors": doors,
            "screen": spoken(line, self.site.config) if line else None,
            "phone": self.phone.view(),
            "office": self.office.view(),
            "clock": self.clock.view() | {"believed": self._believed()},
            "orders": orders,
            "controller": {"running": bool(self.controller.pid), "starts": len(self.controller.starts)},
            "plugs": plugs,
            "reading": reading,
            "upkeep": demo_upkeep.view(self.site.status_file),
            "parts": self.parts.view() if self.parts is not None else None,
            "kiosk": self.site.kiosk_url,
        }

    def news(self, after: int) -> list[dict[str, Any]]:
        """Return the messages with a number above ``after``."""
        return self.feed.after(after)

    def do(self, order: dict[str, Any]) -> None:
        """Do what somebody pressed on the page. Raises ``ValueError`` where it cannot be done."""
        acts: dict[str, Callable[[dict[str, Any]], None]] = {
            "put": lambda o: self.street.put(self._door(o)),
            "take": lambda o: self._nothing(self.street.take(self._door(o))),
            "shut": lambda o: self.street.shut(self._door(o)),
            "force": lambda o: self.street.force(self._door(o)),
            "press": lambda o: self.lean(self._door(o)),
            "touch": lambda o: self.street.touch(str(o["button"]), int(o["screen"])),
            "type": lambda o: self.street.type_code(str(o["digits"]), int(o["screen"])),
            "code": self.phone.choose,
            "hold": lambda o: self.street.hold(self.phone.kept("").text),
            "scan": lambda o: self._nothing(self.phone.scan(str(o.get("how")), str(o.get("order", "")))),
            "office": self._office,
            "clock": self._clock,
            "fault": self._fault,
            "plug": self._plug,
            "part": self._part,
            "power": lambda o: self.controller.kill(),
            "remote": lambda o: self._nothing(self.remote(self._door(o))),
        }
        act = acts.get(str(order.get("do")))
        if act is None:
            raise ValueError(f"不认识的动作  no such action; there are {', '.join(acts)}")
        act(order)

    # --- what people and bad luck do ---

    def lean(self, door: int) -> None:
        """Press a door with the hand for two seconds."""
        self.street.press(door)
        timer = threading.Timer(2.0, self.street.press, (door, False))
        timer.daemon = True
        timer.start()

    def remote(self, door: int) -> str:
        """Let the cloud open a door with a signed grant; the command's id."""
        command = self.cloud.send(CABINET, "open", grant=self.issuer.staff(door).text)
        self.feed.add(f"lk/v1/{CABINET}/down/cmd", json.dumps({"id": command, "op": "open", "door": door}).encode())
        return command

    def journal(self) -> Journal:
        """Return everything that was seen from outside so far."""
        pace, view, coil = self.site.pace, self.cloud.view(CABINET), self.site.config.coil
        window = self.site.config.mqtt.window if self.site.config.mqtt else 0
        with self.street.changed:
            limits = Limits(
                pace.pulse_ms,
                pace.cooldown_ms,
                coil.per_lock_minute_max,
                coil.doors_minute_max,
                window,
                frozenset(self.street.lying),
            )
            return Journal(
                limits,
                tuple(self.controller.starts),
                self.street.unlocks(),
                self.street.coils(),
                tuple(self.street.moves),
                tuple(view.receipts),
                tuple(view.acks),
                {door: str(seen.get("seen")) for door, seen in view.doors.items()},
                frozenset(door for door in self.street.doors if self.street.is_open(door)),
                self.street.breaches(),
                tuple(self.street.keyed),
                self.phone.all_codes(),
            )

    # --- inside ---

    def _doors_known(self) -> bool:
        seen = self.cloud.view(CABINET).doors
        return all(str(seen.get(door, {}).get("seen")) != "unknown" for door in self.street.doors) and bool(seen)

    def _believed(self) -> str:
        """How good the cabinet last said that its time is, empty while it has said nothing."""
        said = [self.cloud.view(CABINET).health, *self.cloud.events(CABINET)[-1:]]
        return str(max(said, key=lambda each: int(each.get("boot_ms", -1))).get("quality", ""))

    def _keys_taken(self) -> bool:
        """Whether the cabinet has said that it took a key set, where one was delivered."""
        return not self.office.version or any(e["type"] == "keys_changed" for e in self.cloud.events(CABINET))

    def _door(self, order: dict[str, Any]) -> int:
        door = order.get("door")
        if not isinstance(door, int) or door not in self.street.doors:
            raise ValueError("没有这个门  no such door")
        return door

    @staticmethod
    def _nothing(result: object) -> None:
        """Take a result that the page has no use for."""

    def _office(self, order: dict[str, Any]) -> None:
        match order.get("act"):
            case "revoke":
                self.office.revoke(self.phone.kept(str(order.get("cti", ""))))
            case "rotate":
                self.office.rotate(str(order.get("step")))
            case "cut_off":
                self.office.cut_off()
            case "roll_back":
                self.office.roll_back()
            case _:
                raise ValueError("云端办公室没有这件事  the office does no such thing")

    def _clock(self, order: dict[str, Any]) -> None:
        turn = str(order.get("set"))
        self.feed.tell("demo/clock", *self.clock.turn(turn))
        if turn == "woke":
            self.controller.kill()

    def _fault(self, order: dict[str, Any]) -> None:
        door, on = self._door(order), self.street
        match order.get("fault"):
            case "jam":
                on.jam(door, 0) if on.jams.get(door) == "jam" else on.jam(door)
            case "press_jam":
                on.stick(door, on.jams.get(door) != "press_jam")
            case "stuck":
                healed = on.body.compartments[on.doors[door]].sensor is not None
                on.stick_sensor(door, None if healed else not on.is_open(door))
            case _:
                raise ValueError("没有这种故障  no such fault")

    def _plug(self, order: dict[str, Any]) -> None:
        part, on = order.get("part"), bool(order.get("on"))
        if part == "network":
            (self.cable.plug if on else self.cable.unplug)()
        elif part in ("board", "scanner"):
            (self.street.plug if on else self.street.unplug)(str(part))
        else:
            raise ValueError("没有这个插头  no such plug")

    def _part(self, order: dict[str, Any]) -> None:
        if self.parts is None:
            raise ValueError("这个演示没有这些部件  this demo has no such parts")
        self.parts.do(str(order.get("part")), str(order.get("how", "")))

    def _on_message(self, message: Message) -> None:
        self.feed.add(f"lk/v1/{message.cabinet}/up/{message.tail}", message.payload)
        if message.tail == "evt":
            event = json.loads(message.payload)
            self.phone.hears(event)
            with self._lock:
                self._keep(event)
        if hasattr(self, "street"):
            self.street.notify()

    def _keep(self, event: dict[str, Any]) -> None:
        """Note which orders are held, as the events tell it."""
        held = {door: order.encode().hex() for door, order in self.held.items()}
        follow(held, event)
        self.held = {door: bytes.fromhex(order).decode() for door, order in held.items()}
