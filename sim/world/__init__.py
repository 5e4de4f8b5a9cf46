"""The world: one cabinet with everything around it, on a virtual clock, drawn from a seed.

The production program (``Service.turn``, cabinet, store, outbox, KR-CU24 and GM65 drivers with their codecs) runs
unmodified; the street in front of it, the wires, the broker and the cloud behind it are the far sides of ``sim``.

``plan`` is what will happen, as plain data, drawn from a seed by ``forecast`` and ``crowd``; ``world`` plays a plan
and is deterministic given it; the ``checks`` look on from outside; ``campaign`` plays many. What is not the real
thing: paho with its threads and sockets cannot run on a virtual clock, so ``drivers.mqtt`` is replaced at the
``Driver`` seam by ``link.MemoryLink``, and the screen's socket by ``screen.Screen``. Nothing here may read a clock or
draw an unseeded number.
"""
