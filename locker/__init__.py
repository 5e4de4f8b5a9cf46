"""The controller of a smart locker: a state machine that opens doors only on proven authority."""

__version__ = "0.1.0"
BUILT_S = 1_795_379_066
"""When this version was built, in Unix seconds: true time is not before it. ``make built`` sets it before a release."""
