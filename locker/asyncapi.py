"""The AsyncAPI 3 document of the MQTT interface, made from ``locker.messages`` and from nothing else.

Knows how topics and payloads are described for a cloud team; adds no field, topic or limit of its own.
``python -m locker.asyncapi docs`` writes ``asyncapi.json`` and ``schema.json`` there; a test fails when they are old.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from locker.messages import BYTES_MAX, SIGNED_TOPICS, TOPICS, SignedTopic, Topic, schemas

PREFIX = "lk/v1/{cabinet}"
EVERY: tuple[Topic | SignedTopic, ...] = (*TOPICS, *SIGNED_TOPICS)
COSE = 'application/cose; cose-type="cose-sign1"'
"""RFC 9052, section 11.4."""
VERSION = "1.0.0"

_PARAMETERS = {
    "cabinet": {"description": "The cabinet's id: also the tokens' audience and the client certificate's common name."},
    "nn": {"description": "The door as on the label, two digits at least: 01 to 24, up to 255."},
}


def asyncapi() -> dict[str, Any]:
    """The document as JSON values; operations are seen from the cabinet ("send" is up, "receive" is down)."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "肖怡帮办柜 locker cabinet",
            "version": VERSION,
            "description": f"What a cabinet publishes and takes over MQTT. JSON in UTF-8 (key sets and revocation lists"
            f" are raw COSE), at most {BYTES_MAX} bytes. "
            "Delivery, acknowledgement and the hash chain are described in docs/mqtt.md.",
        },
        "defaultContentType": "application/json",
        "channels": {_key(topic): _channel(topic) for topic in EVERY},
        "operations": {_operation_key(topic): _operation(topic) for topic in EVERY},
        "components": {
            "messages": {_name(topic): _message(topic) for topic in EVERY},
            "schemas": schemas(),
        },
    }


def documents() -> dict[str, str]:
    """The text of each generated file by its name."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": {"schemas": schemas()}}
    return {"asyncapi.json": _text(asyncapi()), "schema.json": _text(schema)}


def write(folder: Path) -> None:
    """Write both files into ``folder``."""
    for name, text in documents().items():
        (folder / name).write_text(text, encoding="utf-8")


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _way(topic: Topic | SignedTopic) -> str:
    return topic.way if isinstance(topic, Topic) else "down"


def _name(topic: Topic | SignedTopic) -> str:
    return topic.payload.__name__ if isinstance(topic, Topic) else topic.name


def _key(topic: Topic | SignedTopic) -> str:
    return topic.tail.partition("/")[0]


def _operation_key(topic: Topic | SignedTopic) -> str:
    return ("send" if _way(topic) == "up" else "receive") + _name(topic)


def _channel(topic: Topic | SignedTopic) -> dict[str, Any]:
    address = f"{PREFIX}/{_way(topic)}/{topic.tail}"
    name = _name(topic)
    return {
        "address": address,
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "parameters": {key: text for key, text in _PARAMETERS.items() if f"{{{key}}}" in address},
    }


def _operation(topic: Topic | SignedTopic) -> dict[str, Any]:
    return {
        "action": "send" if _way(topic) == "up" else "receive",
        "channel": {"$ref": f"#/channels/{_key(topic)}"},
        "messages": [{"$ref": f"#/channels/{_key(topic)}/messages/{_name(topic)}"}],
        "bindings": {"mqtt": {"qos": topic.qos, "retain": topic.retain, "bindingVersion": "0.2.0"}},
    }


def _message(topic: Topic | SignedTopic) -> dict[str, Any]:
    if isinstance(topic, SignedTopic):
        payload = {"type": "string", "format": "binary", "maxLength": BYTES_MAX}
        return {"name": topic.name, "contentType": COSE, "summary": topic.about, "payload": payload}
    name = _name(topic)
    return {
        "name": name,
        "contentType": "application/json",
        "summary": (topic.payload.__doc__ or "").partition("\n")[0],
        "payload": {"$ref": f"#/components/schemas/{name}"},
    }


if __name__ == "__main__":
    write(Path(sys.argv[1]))
