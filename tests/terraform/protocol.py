"""A provider's schema as the answer to Terraform's GetProviderSchema, in protocol buffers.

Only what a schema needs is written here, by hand: some fields of five messages, so that nothing
has to be generated or installed for it. The numbers are those of version 6 of the protocol.
https://github.com/hashicorp/terraform/blob/main/docs/plugin-protocol/tfplugin6.proto
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from tests.terraform.schemas import Attribute, Block, Nested, Nesting, Schema

_NESTINGS: Mapping[Nesting, int] = {"single": 1, "list": 2, "set": 3}
_GET_SCHEMA_OPTIONAL = 2


def schema_response(schema: Schema) -> bytes:
    """`GetProviderSchema.Response`, which allows Terraform to ask for it once."""
    return (
        _message(1, _schema(schema.provider))
        + b"".join(_entry(2, name, block) for name, block in sorted(schema.resources.items()))
        + b"".join(_entry(3, name, block) for name, block in sorted(schema.data.items()))
        + _message(6, _number(_GET_SCHEMA_OPTIONAL, 1))
    )


def _entry(field: int, name: str, block: Block) -> bytes:
    return _message(field, _text(1, name) + _message(2, _schema(block)))


def _schema(block: Block) -> bytes:
    return _message(2, _block(block))


def _block(block: Block) -> bytes:
    attributes = (_attribute(*each) for each in sorted(block.attributes.items()))
    blocks = (_nested(*each) for each in sorted(block.blocks.items()))
    return b"".join(_message(2, each) for each in attributes) + b"".join(
        _message(3, each) for each in blocks
    )


def _attribute(name: str, attribute: Attribute) -> bytes:
    # Terraform refuses a schema in which an argument is required and something else besides.
    required = attribute.required
    return (
        _text(1, name)
        + _text(2, json.dumps(attribute.kind))
        + _number(4, int(required))
        + _number(5, int(attribute.optional and not required))
        + _number(6, int(attribute.computed and not required))
        + _number(11, int(attribute.write_only))
    )


def _nested(name: str, nested: Nested) -> bytes:
    return (
        _text(1, name)
        + _message(2, _block(nested.block))
        + _number(3, _NESTINGS[nested.nesting])
        + _number(4, nested.least)
        + _number(5, nested.most)
    )


def _text(field: int, value: str) -> bytes:
    return _message(field, value.encode())


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value) if value else b""


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    written.append(value)
    return bytes(written)
