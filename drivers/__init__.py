"""Drivers: one device each, behind the ``Driver`` seam of ``locker.model``. They know wires, never who is there."""
