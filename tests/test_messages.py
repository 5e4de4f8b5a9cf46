"""The payloads: what is taken, what is refused and why, and that documents and definition are one."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from locker import asyncapi, messages, texts
from locker.messages import BYTES_MAX, GENESIS, Ack, Command, EventOut, Malformed
from locker.model import Quality

DOCS = Path(__file__).resolve().parent.parent / "docs"
COMMAND: dict[str, Any] = {"v": 1, "id": "c-1", "op": "open", "exp": 1764000090, "grant": "LK1:X", "args": {"door": 7}}
EXAMPLE = re.compile(r"```json (\S+)\n(.*?)\n```", re.DOTALL)


def payload(**changes: Any) -> bytes:
    """The example command with changes; None takes a field away."""
    fields = {key: value for key, value in {**COMMAND, **changes}.items() if value is not None}
    return json.dumps(fields).encode()


def event(seq: int = 1, **data: Any) -> EventOut:
    """An event as the store would make it."""
    return EventOut(
        epoch="e",
        seq=seq,
        boot="b",
        at_ms=1764000000000,
        boot_ms=5,
        quality=Quality.RTC,
        type="opened",
        door=7,
        data=data,
    )


def examples() -> list[tuple[str, str]]:
    """The examples of docs/mqtt.md: topic and payload."""
    return EXAMPLE.findall((DOCS / "mqtt.md").read_text(encoding="utf-8"))


def test_a_command_is_read() -> None:
    """Every field arrives as it was sent; optional ones have their defaults."""
    assert messages.decode_command(payload()) == Command(
        v=1, id="c-1", op="open", exp=1764000090, grant="LK1:X", args={"door": 7}
    )
    assert messages.decode_command(payload(grant=None, args=None)) == Command(v=1, id="c-1", op="open", exp=1764000090)


def test_unknown_fields_are_ignored() -> None:
    """A later version may say more."""
    assert messages.decode_command(payload(colour="red", more={"a": [1, {}]})) == messages.decode_command(payload())


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (payload(v=None), "`v`"),
        (payload(v=2), "$.v"),
        (payload(v=True), "$.v"),
        (payload(op=None), "`op`"),
        (payload(op=""), "$.op"),
        (payload(op=5), "$.op"),
        (payload(exp=None), "`exp`"),
        (payload(exp=1.0), "$.exp"),
        (payload(exp="1764000090"), "$.exp"),
        (payload(exp=True), "$.exp"),
        (payload(exp=-1), "$.exp"),
        (payload(exp=2**70), "$.exp"),
        (payload(grant="X" * 1025), "$.grant"),
        (payload(args={"a": 1.5}), "$.args"),
        (payload(args={"a": [1]}), "$.args"),
        (payload(args={str(i): i for i in range(17)}), "$.args"),
        (payload() + b"x", "trailing"),
        (payload() + payload(), "trailing"),
        (payload()[:-1], "truncated"),
        (payload().replace(b"open", b"op\xffn"), "UTF-8"),
    ],
)
def test_what_is_missing_or_wrong_is_refused_with_a_reason_and_the_id(wrong: bytes, word: str) -> None:
    """The reason names the field; the id is told wherever it could be read, so that an answer finds its way."""
    refused = messages.decode_command(wrong)
    assert isinstance(refused, Malformed)
    assert word in refused.detail
    assert refused.id == ("c-1" if "$." in word or "`" in word else "")


@pytest.mark.parametrize("wrong", ["", "x" * 65, "a b", "a\n", "号", "a\x00", 7, None])
def test_an_id_that_is_none_is_not_told(wrong: Any) -> None:
    """An id is 1 to 64 plain characters to the very end of the text; anything else is no id to answer to."""
    refused = messages.decode_command(payload(id=wrong))
    assert isinstance(refused, Malformed)
    assert refused.id == ""


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"null",
        b"[]",
        b"\xef\xbb\xbf" + payload(),
        b'{"id":"c","x":' + b"[" * 4000 + b"]" * 4000 + b"}",
        payload(more="\ud800"),
        b'{"v":1,"id":"c","op":"open","exp":1,"more":"\xff"}',
        payload(more="x" * BYTES_MAX),
    ],
)
def test_hostile_bytes_are_refused(hostile: bytes) -> None:
    """Nesting, length, half characters, even in fields that are skipped: refused, never raised."""
    assert isinstance(messages.decode_command(hostile), Malformed)
    assert isinstance(messages.decode_ack(hostile), Malformed)


@given(st.binary(max_size=200))
def test_no_bytes_make_a_decoder_raise(noise: bytes) -> None:
    """Whatever arrives is a message or a reason."""
    assert isinstance(messages.decode_command(noise), Command | Malformed)
    assert isinstance(messages.decode_ack(noise), Ack | Malformed)


def test_exactly_8_kib_is_taken() -> None:
    """The limit is on the right side of the byte."""
    room = BYTES_MAX - len(payload(more=""))
    assert isinstance(messages.decode_command(payload(more="x" * room)), Command)
    refused = messages.decode_command(payload(more="x" * (room + 1)))
    assert refused == Malformed("", "8193 bytes, at most 8192")


def test_an_acknowledgement_is_read() -> None:
    """Epoch and number, nothing else."""
    assert messages.decode_ack(b'{"epoch":"e","seq":5}') == Ack(epoch="e", seq=5)
    assert isinstance(messages.decode_ack(b'{"epoch":"e","seq":-5}'), Malformed)


def test_too_long_a_message_is_not_encoded() -> None:
    """The sender is told which, how long, and what to do."""
    with pytest.raises(ValueError, match=r"EventOut: \d+ bytes, at most 8192"):
        messages.encode(event(note="x" * BYTES_MAX))
    with pytest.raises(ValueError, match="no room for the seal"):
        messages.encode_event(event(note="x" * (BYTES_MAX - 200)))


_values = st.dictionaries(st.text(max_size=20), st.integers(-(2**53), 2**53) | st.text(max_size=50), max_size=5)


@given(st.lists(_values, min_size=1, max_size=5))
def test_a_sealed_event_is_the_body_and_verifies(datas: list[dict[str, Any]]) -> None:
    """Cutting at the last ``,"after":`` gives back the stored bytes, whatever they hold; the chain holds."""
    previous, body = GENESIS, b""
    for seq, data in enumerate([*datas, {',"after":': ',"after":9,"hash":"'}], start=1):
        body = messages.encode_event(event(seq, **data))
        row_hash = messages.chain_hash(previous, body)
        sealed = messages.seal_event(body, seq - 1, row_hash)
        read = msgspec.json.decode(sealed, type=EventOut)
        assert (read.seq, read.after, read.data) == (seq, seq - 1, data)
        assert sealed[: sealed.rindex(b',"after":')] + b"}" == body
        assert hashlib.sha256(previous + body).hexdigest() == read.hash
        previous = row_hash


def test_a_stored_body_carries_no_seal() -> None:
    """A body that was sealed already would break the chain's rule."""
    sealed = msgspec.structs.replace(event(), after=0, hash="0" * 64)
    with pytest.raises(ValueError, match="leave them unset"):
        messages.encode_event(sealed)


@pytest.mark.parametrize(("topic", "text"), examples())
def test_the_examples_of_the_document_are_what_the_program_sends(topic: str, text: str) -> None:
    """Each example decodes as its topic's payload and encodes to the same bytes."""
    way, _, tail = topic.partition("/")
    family = tail.partition("/")[0]
    (known,) = [each for each in messages.TOPICS if each.way == way and each.tail.partition("/")[0] == family]
    read = msgspec.json.decode(text, type=known.payload)
    assert msgspec.json.encode(read).decode() == text


def test_the_document_has_an_example_of_every_topic_and_a_chain_that_holds() -> None:
    """Nothing is undocumented; the two events verify by the rule that the document states."""
    tails = {topic.partition("/")[2].partition("/")[0] for topic, _ in examples()}
    assert tails == {topic.tail.partition("/")[0] for topic in messages.TOPICS}
    previous = bytes(32)
    for text in (text.encode() for topic, text in examples() if topic == "up/evt"):
        body = text[: text.rindex(b',"after":')] + b"}"
        previous = hashlib.sha256(previous + body).digest()
        assert json.loads(text)["hash"] == previous.hex()


def test_the_generated_documents_are_up_to_date() -> None:
    """docs/ holds what the definitions say; ``python -m locker.asyncapi docs`` brings it up to date."""
    for name, text in asyncapi.documents().items():
        assert (DOCS / name).read_text(encoding="utf-8") == text, f"run: python -m locker.asyncapi {DOCS.name}"


def test_the_document_is_written_where_it_is_wanted(tmp_path: Path) -> None:
    """Both files, nothing else."""
    asyncapi.write(tmp_path)
    assert {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()} == asyncapi.documents()


def test_every_reference_leads_somewhere_and_every_topic_is_there() -> None:
    """AsyncAPI: each ``$ref`` resolves; each topic has one operation in its direction, with its qos and retain."""
    document = asyncapi.asyncapi()
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)):
        found: Any = document
        for step in reference.split("/"):
            found = found[step]
    said = {
        (channel["address"], operation["action"], *operation["bindings"]["mqtt"].values())
        for operation in document["operations"].values()
        for channel in [document["channels"][operation["channel"]["$ref"].rpartition("/")[2]]]
    }
    actions = {"up": "send", "down": "receive"}
    signed = {(f"lk/v1/{{cabinet}}/down/{tail}", "receive", 1, True, "0.2.0") for tail in ("keys", "revoked")}
    assert said == signed | {
        (f"lk/v1/{{cabinet}}/{topic.way}/{topic.tail}", actions[topic.way], topic.qos, topic.retain, "0.2.0")
        for topic in messages.TOPICS
    }


def test_the_document_names_every_event_type() -> None:
    """A cloud can be written from docs/mqtt.md: each event that has a sentence has its row there."""
    document = (Path(__file__).parent.parent / "docs" / "mqtt.md").read_text(encoding="utf-8")
    events = texts.catalogue("en")["events"]
    assert [name for name in events if f"`{name}`" not in document] == []
