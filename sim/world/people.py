"""People in front of the cabinet: what they see, what their hands do, how long they are willing to wait.

A person is a generator of waits. They see the screen, the doors and their own papers, as somebody in the street does,
and note honestly in the scene what they leave behind in a compartment that they said is empty: no controller without a
sensor can know that, so no check may blame it. Must never look into the program.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from locker.model import Purpose, Show, Size, Typed
from sim.world.cloud import COMMAND_LIFE_S
from sim.world.plan import Happening
from sim.world.scene import LABEL, Sent
from sim.world.site import CABINET, ELSEWHERE, WALL_MS, Issued

if TYPE_CHECKING:
    from sim.world.world import Deeds, World

GLANCE_MS = 250
TYPED = "a number"
LATER = ("rate_limited", "too_often", "busy", "staff_at_work")
GIVES_UP = ("refused", "jammed", "out_of_order", "cancelled", "alarm_open", "idle")
OF_WHAT_LIES_INSIDE = ("larger", "nothing", "took_out", "left_in")


class Person:
    """Somebody. ``chance`` is their own; all waits are in milliseconds."""

    def __init__(self, world: World, happening: Happening) -> None:
        """They have just come."""
        self.world, self.street, self.scene = world, world.street, world.scene
        self.happening, self.args = happening, happening.args
        self.chance = happening.draws()
        self.kind = str(self.args.get("kind", "careful"))
        self.cti = "none"
        self.order = str(self.args.get("order", f"X{happening.number}"))
        world.counts[f"people/{self.kind}"] += 1

    def say(self, what: str) -> None:
        """A line of the trace."""
        self.world.say("person", f"{self.happening.number} {self.kind} {what}")

    # --- codes ------------------------------------------------------------------------------------

    def code(self, purpose: Purpose, **more: Any) -> Issued:
        """A code from the cloud, made now."""
        wall_s = (WALL_MS + self.world.ms) // 1000
        given: dict[str, Any] = {"life_s": 3600, "aud": CABINET} | more
        return self.world.register.make(self.happening.number, wall_s, purpose, **given)

    def deposit_code(self, **more: Any) -> Issued:
        """A code for a drop-off of this person's order."""
        wanted = self.args.get("size", "")
        given: dict[str, Any] = {"size": Size[wanted]} if wanted else {}
        given |= {"low": True} if self.args.get("low") else {}
        given |= {"door": int(self.args["door"])} if self.args.get("door") else {}
        return self.code(Purpose.DEPOSIT, order=self.order, **(given | more))

    def foreign_code(self) -> Issued:
        """A code of another cabinet."""
        return self.code(Purpose.DEPOSIT, order="F1", aud=ELSEWHERE)

    # --- seeing and waiting -----------------------------------------------------------------------

    @property
    def screen(self) -> Show | None:
        """What is on the screen; None while it is dark."""
        process = self.world.machine.process
        return process.screen.shown if process is not None else None

    def until(self, true: Callable[[], bool], limit_ms: int) -> Generator[int, None, bool]:
        """Look again and again until something is so; False when patience ends first."""
        ends_ms = self.world.ms + limit_ms
        while not true():
            if self.world.ms >= ends_ms:
                return False
            yield GLANCE_MS
        return True

    def sees(self, names: tuple[str, ...], limit_ms: int = 5000) -> Generator[int, None, bool]:
        """Wait for one of these screens."""
        return (yield from self.until(lambda: self.screen is not None and self.screen.name in names, limit_ms))

    # --- hands ------------------------------------------------------------------------------------

    def hold(self, text: str, cti: str = "", held_ms: int = 0) -> None:
        """Hold a code to the scanner."""
        if cti:
            self.scene.shown[cti] = self.world.ms + held_ms
        if cti.startswith(LABEL):
            self.world.register.labelled.add(cti.removeprefix(LABEL))
        self.street.scanner.show(text, self.world.ms, held_ms)
        self.say(f"shows {cti or text[:24]!r} for {held_ms} ms")

    def touch(self, button: str, *, late: int = 0) -> bool:
        """Press a button if it is there; ``late`` one of an older screen all the same.

        What is said of what lies inside, everybody says of their own door alone.
        """
        process, shown = self.world.machine.process, self.screen
        if process is None or shown is None or (button not in shown.offers and not late):
            return False
        if button in OF_WHAT_LIES_INSIDE and not late and not self.mine(shown.door):
            return False
        self.scene.touched[button] = self.world.ms
        self.say(f"touches {button}")
        process.screen.touch(button, shown.number - late)
        return True

    def type(self, digits: str) -> None:
        """Type a number on the keypad, if there is one on the screen."""
        process, shown = self.world.machine.process, self.screen
        if process is None or shown is None:
            return
        for cti in self.world.register.typed.get(digits, ()):
            self.scene.shown[cti] = self.world.ms
            self.cti = cti
        self.scene.touched[TYPED] = self.world.ms
        self.say("types a number")
        process.screen.say(Typed(digits, shown.number))

    def sms(self) -> str | None:
        """The pick-up code that the cloud sent for this person's order, None while it knows of none."""
        return self.world.cloud.sms.get(self.order)

    def nonce(self) -> bytes | None:
        """What the phone reads from the cabinet's own code, None where none is shown."""
        shown = self.screen
        return bytes.fromhex(shown.invite.rpartition("n=")[2]) if shown is not None and shown.invite else None

    def grant(self, code: Issued) -> None:
        """The cloud sends a code as a grant in a command of its own."""
        world = self.world
        serial = world.counts["total/commands"] = world.counts["total/commands"] + 1
        exp = (WALL_MS + world.ms) // 1000 + COMMAND_LIFE_S
        self.scene.sent.setdefault(code.cti, []).append(Sent(world.ms, exp, False))
        name = f"g{self.happening.number}-{serial}"
        self.say(f"is sent {code.cti} in command {name}")
        world.cloud.command({"v": 1, "id": name, "op": "open", "exp": exp, "grant": code.text})

    def shuts(self, door: int) -> Deeds:
        """Push a door shut; again while its coil keeps the hook from catching."""
        for _ in range(6):
            if self.street.shut(door):
                self.say(f"shuts {door}")
                return
            yield 400

    def leaves_in(self, door: int) -> None:
        """Go away from papers that the cabinet was told, or must believe, not to be there."""
        if self.street.papers(door):
            self.scene.left_behind.setdefault(door, set()).update(self.street.papers(door))

    def shuts_another(self, door: int) -> Deeds:
        """Shut a door that may be somebody else's by now, who has not taken theirs out yet."""
        if self.order not in self.street.papers(door) or not self.mine(door):
            self.leaves_in(door)
        yield from self.shuts(door)

    # --- a visit's first half ---------------------------------------------------------------------

    def presents(self, code: Issued, held_ms: int = 0, tries: int = 3) -> Generator[int, None, int]:
        """Show a code and wait for a door; the one that stands open for it, or 0. Comes again when asked to."""
        for _ in range(tries):
            before, self.cti = self.face(), code.cti
            self.hold(code.text, code.cti, held_ms)
            yield from self.answered(before)
            refused = self.face() != before and self.screen is not None and self.screen.reason
            door = 0 if refused else (yield from self.awaits_door())
            if door:
                return door
            shown = self.screen
            if shown is None or shown.reason not in LATER:
                return 0
            yield 61_000 + self.chance.randrange(5000)
        return 0

    def face(self) -> tuple[int, str]:
        """What of the screen changes when it answers."""
        shown = self.screen
        return (shown.number, shown.reason) if shown is not None else (0, "")

    def answered(self, before: tuple[int, str]) -> Deeds:
        """Wait for the screen to change."""
        yield from self.until(lambda: self.face() != before, 4000)

    def awaits_door(self) -> Generator[int, None, int]:
        """Watch the screen while a door is being opened; press it when asked to."""
        pressed, ends_ms = 0, self.world.ms + 60_000
        while self.world.ms < ends_ms:
            shown = self.screen
            if shown is None:  # dark: whoever knows their door waits for it
                yield GLANCE_MS
                continue
            if shown.name in GIVES_UP or not shown.door:
                break
            if (
                not shown.name.startswith("opening")
                and shown.door in self.street.places
                and self.street.is_open(shown.door)
            ):
                yield 300
                break
            if shown.name == "press" and pressed != shown.door and self.mine(shown.door):
                pressed = shown.door
                yield 600
                self.say(f"presses {pressed}")
                self.street.press(pressed, True)
            yield GLANCE_MS
        if pressed:
            self.street.press(pressed, False)
        return self.is_let_in()

    def mine(self, door: int) -> bool:
        """Whether this door was opened for the code that this person showed last, or in the duty that began with it."""
        permit = self.scene.story.permits.get(door)
        return permit is not None and self.cti in (permit.row.cti, permit.row.data.get("duty"))

    def is_let_in(self) -> int:
        """The door that stands open for this person, 0 for none."""
        return next((door for door in self.street.doors if self.street.is_open(door) and self.mine(door)), 0)
