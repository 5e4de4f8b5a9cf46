"""The tables of the program's shape: layers, who may import what, reasons for exceptions, and what has one place only.

Read by ``architecture_rules.py``. A new module is entered here. Knows names and paths only.
"""

from __future__ import annotations

OURS = ("locker", "drivers", "sim")

# Who may import whom: a module imports its own layer (without cycles) and those above it in this table, nothing else.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("words", "events", "effects", "model"),
    (
        "config",
        "config_boards",
        "config_checks",
        "config_fittings",
        "config_gpio",
        "config_hours",
        "config_kiosk",
        "config_upkeep",
        "config_serial",
        "clock",
        "hours",
        "machine",
        "messages",
        "asyncapi",
        "texts",
        "screen",
    ),
    (
        "authority",
        "coil",
        "compartment",
        "reserve",
        "noise",
        "wear",
        "qr",
        "notices",
        "face",
        "labels",
        "door_labels",
        "sheets",
        "spoken",
    ),
    ("buzzer", "climate", "forgotten", "lamp", "power", "tamper"),
    (
        "deadlines",
        "hall",
        "invitation",
        "ledger",
        "presence",
        "prompts",
        "quarantine",
        "timekeeping",
        "upkeep",
        "visit",
    ),
    (
        "chore",
        "duty_note",
        "duty_scans",
        "work_page",
        "books",
        "clearing",
        "doorkeeping",
        "inspection",
        "loading",
        "moving",
        "chores",
        "duty",
        "people",
    ),
    ("cabinet", "commands", "fittings", "reception", "trust", "lapses", "sightings", "keypad"),
    (
        "lanes",
        "outbox",
        "status",
        "vitals",
        "schema",
        "store",
        "audit",
        "sequel",
        "logbook",
        "device",
        "rights",
        "signatory",
    ),
    ("service",),
    ("notify", "runner"),
    ("assembly", "commission", "workbench", "worksite"),
    ("cli", "__main__"),
)

# Stricter than the layers: these import nothing of the project but what stands here (and their own package).
ONLY: dict[str, tuple[str, ...]] = {
    "locker.model": ("locker.words", "locker.events", "locker.effects"),
    "locker.machine": ("locker.model",),
    "locker.messages": ("locker.model",),
    "locker.config": (
        "locker.config_boards",
        "locker.config_checks",
        "locker.config_fittings",
        "locker.config_gpio",
        "locker.config_hours",
        "locker.config_kiosk",
        "locker.config_upkeep",
    ),
    "locker.config_serial": ("locker.config_boards",),
    "locker.config_boards": (),
    "locker.config_fittings": (
        "locker.config",
        "locker.config_boards",
        "locker.config_gpio",
        "locker.config_hours",
    ),
    "locker.config_hours": (),
    "locker.config_kiosk": (),
    "locker.qr": ("locker.authority.base45",),
    "locker.labels": ("locker.authority.base45", "locker.model"),
    "locker.notices": ("locker.config", "locker.config_kiosk", "locker.hours", "locker.model"),
    "locker.face": ("locker.config", "locker.hours", "locker.model", "locker.notices", "locker.qr", "locker.texts"),
    "locker.config_upkeep": (),
    "locker.noise": ("locker.model",),
    "locker.wear": ("locker.model",),
    "locker.hours": ("locker.model", "locker.config", "locker.config_hours"),
    "locker.config_checks": (
        "locker.config",
        "locker.config_fittings",
        "locker.config_gpio",
        "locker.config_hours",
        "locker.config_serial",
    ),
    "locker.config_gpio": ("locker.config_boards", "locker.config_serial"),
    "locker.authority": ("locker.model", "locker.config"),
    "locker.schema": ("locker.model",),
    "locker.store": ("locker.model", "locker.messages", "locker.outbox", "locker.schema"),
    "drivers": (
        "locker.model",
        "locker.config",
        "locker.config_fittings",
        "locker.config_gpio",
        "locker.config_hours",
        "locker.config_serial",
        "locker.messages",
    ),
}

# Modules that were split off another for their size and are handed it back: they name its type, and no more.
TYPES_ONLY = {
    ("locker.commands", "locker.cabinet"),
    ("locker.reception", "locker.cabinet"),
    ("locker.trust", "locker.cabinet"),
    ("locker.lapses", "locker.cabinet"),
    ("locker.sightings", "locker.cabinet"),
    ("locker.keypad", "locker.cabinet"),
    ("locker.books", "locker.cabinet"),
    ("locker.duty", "locker.cabinet"),
    ("locker.people", "locker.cabinet"),
    ("locker.chore", "locker.duty"),
    ("locker.loading", "locker.duty"),
    ("locker.config_checks", "locker.config"),
    ("locker.config_fittings", "locker.config"),
    ("locker.fittings", "locker.cabinet"),
}

# What may be imported by these alone (and by itself), and why.
RESERVED: dict[str, tuple[tuple[str, ...], str]] = {
    "sim": (
        ("locker.cli.demo", "locker.cli.bench", "locker.cli.crash", "locker.cli.soak", "locker.cli.commission"),
        "the program runs without its simulator; five commands show it",
    ),
    "drivers": (
        ("locker.assembly", "locker.workbench", "locker.worksite", "sim"),
        "decisions know no device; one place puts the two together, and another one does so to learn the wiring",
    ),
    "drivers.kerong_frames": (("drivers",), "the far side is written from the document, not from our side's code"),
    "drivers.kerong_cu16_frames": (("drivers",), "the far side is written from the document, not from our side's code"),
    "drivers.kerong_cu48_frames": (("drivers",), "the far side is written from the document, not from our side's code"),
    "drivers.board_8a80_frames": (("drivers",), "the far side is written from the document, not from our side's code"),
    "drivers.modbus_frames": (("drivers",), "the far side is written from the document, not from our side's code"),
    "drivers.gm65_frames": (("drivers",), "the far side is written from the document, not from our side's code"),
    "drivers.ssi": (("drivers",), "the same"),
    "drivers.newland": (("drivers",), "the same"),
    "drivers.de2120": (("drivers",), "the same"),
    "drivers.line_scanner": (("drivers",), "the same"),
    "drivers.keyboard": (("drivers",), "the same"),
    "locker.clock": (("locker.assembly", "locker.runner", "locker.cli", "sim"), "all others are handed the time"),
    "locker.assembly": (("locker.cli", "sim"), "the whole program is put together by whoever starts it"),
    "locker.cli": (("locker.__main__",), "a command is nobody's library"),
}

# A library that may be met in several files, or a file that may use several, and why.
LIBRARY_EXCEPTIONS: dict[tuple[str, str], str] = {
    (
        "drivers/lgpio_pins.py",
        "gpiozero",
    ): "the one pin class of ours: lgpio's, for gpiozero; drivers.pins has the rest",
    ("*", "msgspec"): "the language in which data is defined: wherever a payload or a file has its structs",
}

# Where time, chance and waiting may be met, and why. A name ending in "/" is a folder.
PLACES: dict[tuple[str, str], str] = {
    ("time", "locker/clock.py"): "the one clock of the program",
    ("secrets", "locker/cli/token.py"): "token ids must not be guessable",
    ("secrets", "locker/cli/keyfile.py"): "private keys must not be guessable",
    ("time", "sim/bench.py"): "measures to the nanosecond what locker.clock gives in milliseconds",
    ("time", "sim/bench_tokens.py"): "the same, for the verification alone",
    ("secrets", "locker/cli/device.py"): "a device's key and pick-up secret must not be guessable",
    (
        "secrets",
        "locker/assembly.py",
    ): "a new database's epoch, drawn once; the seed of the screen's nonces, once a start",
}

# Where something may be printed.
PRINTERS = ("locker/cli/", "sim/demo", "sim/world/planting.py")

WORDLESS_NAMES = {"util", "utils", "helper", "helpers", "manager", "handler", "base", "common", "misc"}
