"""The invitation: the address that the idle screen shows as a QR code, for the phone-first way (tokens contract, 6).

Knows the configured address, this cabinet's id and the nonces. It invites nobody where no address is configured, and
nobody while the way to the cloud is known to be lost: a phone would be told to wait for a grant that cannot come. Must
never know a token, a door or what is on the screen besides.
"""

from __future__ import annotations

from locker.authority.nonce import Nonces
from locker.config import Config, invite_url


class Invitation:
    """What the screen shows for phones. ``connected`` is set by whoever hears of the way to the cloud."""

    def __init__(self, cfg: Config, seed: bytes) -> None:
        """``seed`` is that of the nonces; without one (empty) nobody is invited and no nonce is good."""
        self._cfg = cfg
        self._nonces = Nonces(seed) if seed and cfg.invite is not None else None
        self.connected = True

    def address(self, now_ms: int) -> str:
        """The address to show now, "" for none."""
        if self._nonces is None or not self.connected:
            return ""
        return invite_url(self._cfg, self._nonces.present(now_ms).hex())

    def renew_ms(self) -> int | None:
        """The boot time at which ``address`` gives another one; None where it gives none."""
        return self._nonces.renew_ms() if self._nonces is not None and self.connected else None

    def fault(self, nonce: bytes, now_ms: int) -> str:
        """Why no visit may begin with this nonce, "" when it may."""
        return self._nonces.fault(nonce, now_ms) if self._nonces is not None else "this cabinet shows no nonces"

    def awaits(self, nonce: bytes | None, now_ms: int) -> bool:
        """Whether somebody may be standing there with this nonce; nobody with None."""
        return self._nonces is not None and nonce is not None and self._nonces.awaits(nonce, now_ms)

    def use(self, nonce: bytes | None) -> None:
        """A visit begins with it, or with none."""
        if self._nonces is not None and nonce is not None:
            self._nonces.use(nonce)
