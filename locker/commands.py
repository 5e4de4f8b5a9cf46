"""Commands from the cloud: what a message on ``down/cmd`` may ask for, and the answer it gets.

The broker is not trusted to open doors: ``open`` carries a signed grant and goes through the reception like a code held
to the scanner. Retained, late, malformed and unknown commands are refused with an answer and an event (invariant 5); a
repeat gets the stored answer and does nothing. The id is remembered in the transaction that applies it, and the broker
is told only after that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from locker import messages
from locker.messages import Command, Malformed, Response
from locker.model import Acknowledge, Answer, CommandRow, Forget, KeepCommand, MessageReceived, Now, Record, Refusal

if TYPE_CHECKING:
    from locker.cabinet import Cabinet

LATE_S = 10
AHEAD_S_MAX = 600
KEPT_MAX = 3000
"""More than a flood can fill within the time that ids are kept: see the two limits a minute."""
SERVICE_MINUTE_MAX = 60
"""A whole cabinet of doors, and some more; nothing signed stands behind this command."""
REASON_MAX = 64
OPS = ("open", "service")


class Commands:
    """The commands that were dealt with, by id, and how each is answered."""

    def __init__(self, cabinet: Cabinet, rows: Iterable[CommandRow]) -> None:
        """Take up the answers given by earlier runs."""
        self._cabinet = cabinet
        self._done = {row.id: row for row in rows}

    def receive(self, message: MessageReceived, now: Now) -> None:
        """Deal with one message and, once that is on the disk, tell the broker so."""
        if message.tail == "cmd":
            self._command(message, now)
        self._cabinet.say(Acknowledge(message.handle))

    def _command(self, message: MessageReceived, now: Now) -> None:
        """Refuse or carry out one command."""
        command = messages.decode_command(message.payload)
        if message.retained:
            self._refuse(command.id, Refusal.RETAINED, "a command must not be retained", now)
        elif isinstance(command, Malformed):
            self._refuse(command.id, Refusal.BAD_MESSAGE, command.detail, now)
        elif command.id in self._done:
            self._cabinet.say(Answer(self._done[command.id].answer))
        elif now.wall_ms // 1000 > command.exp + LATE_S:
            self._refuse(command.id, Refusal.LATE, f"expired {now.wall_ms // 1000 - command.exp} s ago", now)
        elif command.exp - now.wall_ms // 1000 > AHEAD_S_MAX:
            self._refuse(command.id, Refusal.BAD_MESSAGE, f"exp is more than {AHEAD_S_MAX} s ahead", now)
        elif self._full(now):
            self._refuse(command.id, Refusal.BUSY, f"{KEPT_MAX} commands are remembered already", now)
        else:
            self._carry_out(command, now)

    def _carry_out(self, command: Command, now: Now) -> None:
        """A well-formed, timely, new command."""
        match command.op:
            case "open":
                self._open(command, now)
            case "service":
                self._service(command, now)
            case _:
                detail = f"known: {', '.join(OPS)}"
                self._refuse(command.id, Refusal.UNKNOWN_OP, detail, now, exp=command.exp)

    def _open(self, command: Command, now: Now) -> None:
        """Open a door on a grant, as if it had been held to the scanner."""
        if not command.grant:
            self._refuse(command.id, Refusal.GRANT_NEEDED, "open needs a signed grant", now, exp=command.exp)
            return
        outcome = self._cabinet.reception.present(command.grant.encode(), now, "cloud")
        if isinstance(outcome, Refusal):
            self._refuse(command.id, outcome, "see the denied event", now, exp=command.exp)
        else:
            self._done_with(command, outcome, now)

    def _service(self, command: Command, now: Now) -> None:
        """Put a door in or out of service, or lift a quarantine. Never opens anything; an item stays collectable."""
        if "board" in command.args:
            self._lift(command, now)
            return
        door, wanted = command.args.get("door"), command.args.get("in_service")
        room = self._cabinet.rooms.get(door) if isinstance(door, int) and not isinstance(door, bool) else None
        if room is None or not isinstance(wanted, bool):
            detail = "service needs args.door (a door of this cabinet) and args.in_service (true or false)"
            self._refuse(command.id, Refusal.BAD_MESSAGE, detail, now, exp=command.exp)
            return
        if wanted and room in self._cabinet.duty.books.questions():
            detail = f"whether an envelope lies at door {door} is not settled; somebody at work has to look"
            self._refuse(command.id, Refusal.OCCUPIED, detail, now, exp=command.exp)
            return
        reason = _printable(str(command.args.get("reason", "cloud"))[:REASON_MAX])
        said = Record("service_changed", room.door, {"in_service": wanted, "reason": reason})
        if not self._cabinet.reception.log_limited(said, now, most=SERVICE_MINUTE_MAX):
            self._refuse(command.id, Refusal.BUSY, f"at most {SERVICE_MINUTE_MAX} a minute", now, exp=command.exp)
            return
        if wanted:
            room.put_in_service()
        else:
            room.take_out_of_service(reason)
        self._cabinet.keep(room)
        self._done_with(command, room.door, now)

    def _lift(self, command: Command, now: Now) -> None:
        """Somebody has looked at a board that opened a wrong door."""
        board = command.args.get("board")
        wanted = command.args.get("in_service") is True and isinstance(board, str)
        reason = _printable(str(command.args.get("reason", "cloud"))[:REASON_MAX])
        if not wanted or not self._cabinet.quarantine.lift(str(board), {"source": "cloud", "reason": reason}):
            detail = "service needs args.board (a board in quarantine) with args.in_service true"
            self._refuse(command.id, Refusal.BAD_MESSAGE, detail, now, exp=command.exp)
            return
        self._cabinet.idle_again()
        self._done_with(command, 0, now)

    def _done_with(self, command: Command, door: int, now: Now) -> None:
        """Answer yes, once and for all repeats."""
        self._cabinet.say(Record("command_done", door, {"id": command.id, "op": command.op}))
        answer = messages.encode(Response(id=command.id, ok=True, at_ms=now.wall_ms, door=door))
        self._remember(CommandRow(command.id, command.exp, answer))

    def _refuse(self, command_id: str, reason: Refusal, detail: str, now: Now, exp: int | None = None) -> None:
        """Answer no; with ``exp`` the answer is kept for repeats, unless this is a flood: that must wear no card."""
        fields = {"id": command_id, "reason": reason.value, "detail": detail[:200]}
        logged = self._cabinet.reception.log_limited(Record("command_refused", 0, fields), now)
        response = Response(id=command_id, ok=False, at_ms=now.wall_ms, reason=reason.value, detail=detail[:200])
        answer = messages.encode(response)
        if exp is None or not logged:
            self._cabinet.say(Answer(answer))
        else:
            self._remember(CommandRow(command_id, exp, answer))

    def _remember(self, row: CommandRow) -> None:
        """Keep the answer with the id, and send it."""
        self._done[row.id] = row
        self._cabinet.say(KeepCommand(row))
        self._cabinet.say(Answer(row.answer))

    def forget(self, before_s: int) -> None:
        """Drop those that expired before this Unix second; the caller has the disk do the same."""
        self._done = {key: row for key, row in self._done.items() if row.exp >= before_s}

    def _full(self, now: Now) -> bool:
        """Whether no further id can be remembered; forgets those that would be refused as late anyway."""
        over_s = now.past_ms // 1000 - LATE_S - AHEAD_S_MAX
        if (before := len(self._done)) >= KEPT_MAX // 2:
            self.forget(over_s + 1)
            if len(self._done) < before:
                self._cabinet.say(Forget(token_exp_before=0, command_exp_before=over_s + 1))
        return len(self._done) >= KEPT_MAX


def _printable(text: str) -> str:
    """A text that stands in one line of a log as it is."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
