"""Commissioning: the dialogue that learns how a cabinet is wired, without any input or output of its own."""
