"""The two tables: facts total, commands partial, nothing foreign, and the document drawn from them.

When a table has changed, ``test_the_document_holds_exactly_the_diagrams`` prints the blocks that belong into
``docs/states.md``.
"""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path

import pytest

from locker.machine import (
    COMPARTMENT,
    DUTY,
    VISIT,
    Cell,
    DoorState,
    DutyState,
    NotAllowed,
    Row,
    Table,
    VisitState,
    diagram,
)

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "states.md"
FACTS = {
    "COMPARTMENT": ("opened", "found_open", "found_shut", "out_of_sight"),
    "VISIT": ("opened", "shut"),
    "DUTY": ("opened", "shut", "gave_up"),
}
TABLES: dict[str, tuple[list[Row], Enum]] = {
    "COMPARTMENT": (COMPARTMENT, DoorState.UNKNOWN),
    "VISIT": (VISIT, VisitState.IDLE),
    "DUTY": (DUTY, DutyState.OFF),
}


def triggers(rows: list[Row]) -> set[str]:
    """The names of a table's rows."""
    return {trigger for trigger, _, _ in rows}


@pytest.mark.parametrize("name", TABLES)
def test_facts_are_total(name: str) -> None:
    """A fact cannot be refused: it has exactly one row in every state."""
    rows, initial = TABLES[name]
    for fact in FACTS[name]:
        sources = [source for trigger, source, _ in rows if trigger == fact]
        assert sorted(s.value for s in sources) == sorted(s.value for s in type(initial)), fact


@pytest.mark.parametrize("name", TABLES)
def test_commands_are_partial_and_raise_where_they_have_no_row(name: str) -> None:
    """A command makes sense somewhere and not everywhere; elsewhere it is ``NotAllowed`` and nothing has changed."""
    rows, initial = TABLES[name]
    table: Table[Enum] = Table(rows, initial)
    for command in triggers(rows) - set(FACTS[name]):
        allowed = {source for trigger, source, _ in rows if trigger == command}
        assert allowed < set(type(initial)), command
        for state in type(initial):
            cell = Cell(table, state)
            assert cell.allows(command) is (state in allowed)
            if state not in allowed:
                with pytest.raises(NotAllowed, match=command):
                    cell.fire(command)
                assert cell.state is state


@pytest.mark.parametrize("name", TABLES)
def test_every_row_does_what_it_says(name: str) -> None:
    """Each row leads from its source to its destination, and tells where it came from; no two contradict each other."""
    rows, initial = TABLES[name]
    table: Table[Enum] = Table(rows, initial)
    assert len({(trigger, source) for trigger, source, _ in rows}) == len(rows)
    for trigger, source, dest in rows:
        cell = Cell(table, source)
        assert cell.fire(trigger) is source
        assert cell.state is dest


@pytest.mark.parametrize("name", TABLES)
def test_every_state_can_be_reached_and_left(name: str) -> None:
    """No state is a dead end, and none is only a word."""
    rows, initial = TABLES[name]
    for state in type(initial):
        assert state is initial or any(dest is state is not source for _, source, dest in rows), state
        assert any(source is state is not dest for _, source, dest in rows), state


def test_a_row_with_a_state_of_another_table_is_refused() -> None:
    """A slip of the keyboard is found when the table is built, not when somebody stands before the cabinet."""
    with pytest.raises(ValueError, match="unlock"):
        Table([("unlock", DoorState.CLOSED, VisitState.OPENING)], DoorState.UNKNOWN)


def test_an_unknown_trigger_is_not_allowed() -> None:
    """A misspelt trigger never passes for a fact."""
    cell = Cell(Table(COMPARTMENT, DoorState.UNKNOWN), DoorState.CLOSED)
    assert not cell.allows("unlok")
    with pytest.raises(NotAllowed):
        cell.fire("unlok")


def test_cells_of_one_table_are_independent_and_not_kept() -> None:
    """Equal states are still two things, and the table keeps hold of none of them."""
    table = Table(COMPARTMENT, DoorState.UNKNOWN)
    one, two = Cell(table, DoorState.CLOSED), Cell(table, DoorState.CLOSED)
    one.fire("unlock")
    assert (one.state, two.state) == (DoorState.OPENING, DoorState.CLOSED)
    assert table._machine.models == []


def test_the_states_are_words_for_a_screen() -> None:
    """Lower case words, no codes."""
    for states in (DoorState, VisitState, DutyState):
        assert all(re.fullmatch(r"[a-z]+(_[a-z]+)?", state.value) for state in states)


def test_the_document_holds_exactly_the_diagrams() -> None:
    """docs/states.md is drawn from the tables; if this fails, put the printed blocks into it."""
    wanted = [diagram(rows, initial) for rows, initial in TABLES.values()]
    for block in wanted:
        print(f"```mermaid\n{block}\n```\n")
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [block.strip() for block in re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL)] == wanted


def test_the_document_names_every_state() -> None:
    """Each state is explained, in a row of its own."""
    text = DOCUMENT.read_text(encoding="utf-8")
    for _, initial in TABLES.values():
        for state in type(initial):
            assert re.search(rf"^\| `{state.value}` \|", text, re.MULTILINE), state
