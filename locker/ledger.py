"""The ledger of used tokens: which id was claimed for which door, and which has been spent.

Knows ids, orders, doors and expiry, not signatures. It is the memory's half; ``KeepToken`` puts each row on the disk
in the same transaction as the intent to pulse (claim) and as "seen open" (spend). Source: tokens contract, section 4.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from locker.hall import Bearer
from locker.model import Purpose, UsedToken


class Ledger:
    """Used tokens by id."""

    def __init__(self, rows: Iterable[UsedToken]) -> None:
        """Take up the rows of earlier runs."""
        self._rows = {row.cti: row for row in rows}

    def get(self, cti: bytes) -> UsedToken | None:
        """The row of a token that was claimed once, or None."""
        return self._rows.get(cti)

    def spent(self, cti: bytes) -> bool:
        """Whether a token has had its opening."""
        row = self._rows.get(cti)
        return row is not None and row.spent

    def knows(self, order: bytes) -> bool:
        """Whether any token for this order was claimed here."""
        return any(row.order == order for row in self._rows.values())

    def exp(self, cti: bytes) -> int:
        """When a claimed token expires, Unix seconds; 0 for one never claimed."""
        row = self._rows.get(cti)
        return row.exp if row else 0

    def reserved_until(self, door: int, order: bytes) -> int:
        """When the last unspent token claimed for this order at this door expires, Unix seconds; 0 for none."""
        rows = self._rows.values()
        return max((r.exp for r in rows if (r.door, r.order, r.spent) == (door, order, False)), default=0)

    def beginning(self, begin: bytes) -> set[bytes]:
        """The ids that begin with these bytes."""
        return {cti for cti in self._rows if cti.startswith(begin)}

    def expire(self, cti: bytes) -> UsedToken:
        """Let a row go with the next ``forget``. Raises ``KeyError`` for an id that was never claimed."""
        row = replace(self._rows[cti], exp=0)
        self._rows[cti] = row
        return row

    def forget(self, before: int) -> int:
        """Drop tokens that expired before this Unix second; how many went."""
        gone = [cti for cti, row in self._rows.items() if row.exp < before]
        for cti in gone:
            del self._rows[cti]
        return len(gone)

    def claim(self, bearer: Bearer, door: int) -> UsedToken:
        """Bind a token to a door, unspent: presenting it again opens this door, never another (invariant 3)."""
        row = UsedToken(bearer.cti, bearer.order, door, bearer.purpose, bearer.exp)
        self._rows[bearer.cti] = row
        return row

    def waiting(self, order: bytes) -> list[UsedToken]:
        """The claims to collect something of this order that have not had their opening."""
        wanted = (order, Purpose.COLLECT, False)
        return [row for row in self._rows.values() if (row.order, row.purpose, row.spent) == wanted]

    def rebind(self, cti: bytes, door: int) -> UsedToken:
        """Bind a claim anew: staff have laid its item behind this door. Raises ``KeyError`` for one never claimed."""
        row = replace(self._rows[cti], door=door)
        self._rows[cti] = row
        return row

    def spend(self, bearer: Bearer, door: int) -> UsedToken:
        """The token's door was seen open."""
        before = self._rows.get(bearer.cti) or self.claim(bearer, door)
        row = replace(before, spent=True)
        self._rows[bearer.cti] = row
        return row
