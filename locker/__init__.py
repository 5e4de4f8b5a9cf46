"""The controller of a smart locker: a state machine that opens doors only on proven authority."""

__version__ = "0.1.0"
