"""What is read out of the packages with the providers' schemas, and what Terraform is told."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.terraform import protocol, schemas, toy, wheels
from tests.terraform.schemas import Attribute, Block, Nested, Schema

BOX = Block(
    attributes={
        "marks": Attribute(["set", "string"], computed=True),
        "name": Attribute("string", optional=True, computed=True),
        "parts": Attribute(["list", ["object", {"weight": "number"}]], computed=True),
        "sizes": Attribute(["set", "number"], optional=True),
    },
    blocks={
        "lid": Nested(
            Block(
                attributes={
                    "color": Attribute("string", required=True),
                    "key_wo": Attribute("string", optional=True, write_only=True),
                }
            ),
            least=1,
            most=1,
        ),
        "timeouts": Nested(Block(), nesting="single"),
    },
)
TOY = Schema(
    version="1.2.3",
    provider=Block(attributes={"region": Attribute("string", optional=True)}),
    resources={"toy_box": BOX},
)


@pytest.fixture(name="wheel")
def _wheel(tmp_path: Path) -> Path:
    return toy.wheel(tmp_path)


def pins_of(wheel: Path, digest: str) -> Path:
    pins = wheel.parent / "pins.txt"
    pin = f"cdktn-provider-toy==1.0.0 --hash=sha256:{digest}"
    pins.write_text(f"--no-index\n--find-links {wheel.parent}\n{pin}\n")
    return pins


def test_a_pinned_wheel_gives_its_schema(wheel: Path) -> None:
    """Arguments, results, blocks, how many of them and of which type: all as in the package."""
    pins = pins_of(wheel, hashlib.sha256(wheel.read_bytes()).hexdigest())
    (wheel.parent / "downloaded").mkdir()
    downloaded = wheels.download(pins, wheel.parent / "downloaded")

    assert ["toy"] == list(downloaded)
    assert TOY == schemas.read(wheels.javascript(downloaded["toy"]))


def test_another_wheel_than_the_pinned_one_is_refused(wheel: Path) -> None:
    """A schema is only taken from the package that was pinned."""
    with pytest.raises(SystemExit, match="HASHES"):
        wheels.download(pins_of(wheel, "0" * 64), wheel.parent / "downloaded")


def test_a_block_can_be_a_value() -> None:
    """Blocks that only the cloud fills are values: lists, sets or single objects."""
    inner = Block(attributes={"a": Attribute("string")})
    block = Block(
        attributes={"b": Attribute("bool")},
        blocks={"one": Nested(inner, "single"), "many": Nested(inner, "set")},
    )

    assert schemas.object_of(block) == [
        "object",
        {
            "b": "bool",
            "one": ["object", {"a": "string"}],
            "many": ["set", ["object", {"a": "string"}]],
        },
    ]


def fields(message: bytes) -> list[tuple[int, bytes | int]]:
    """The fields of a message of protocol buffers, by number; an independent reader."""
    found: list[tuple[int, bytes | int]] = []
    position = 0

    def varint() -> int:
        nonlocal position
        value = shift = 0
        while True:
            byte = message[position]
            position += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while position < len(message):
        number, kind = divmod(varint(), 8)
        value = varint()
        if kind == 2:
            found.append((number, message[position : position + value]))
            position += value
        else:
            found.append((number, value))
    return found


def parts(message: bytes, *numbers: int) -> list[bytes]:
    """The messages and texts within a message, under some numbers."""
    found = [value for number, value in fields(message) if number in numbers]
    return [value for value in found if isinstance(value, bytes)]


def told(block: bytes) -> dict[str, dict[int, bytes | int]]:
    """Arguments and blocks in a block, by name."""
    return {parts(each, 1)[0].decode(): dict(fields(each)) for each in parts(block, 2, 3)}


def test_terraform_is_told_all_of_it() -> None:
    """The answer to GetProviderSchema, read back field by field."""
    response = protocol.schema_response(TOY)
    ((name, schema),) = [(parts(entry, 1)[0], parts(entry, 2)[0]) for entry in parts(response, 2)]
    box = told(parts(schema, 2)[0])
    (lid,) = [each for each in parts(parts(schema, 2)[0], 3) if parts(each, 1) == [b"lid"]]

    assert b"toy_box" == name
    assert [{2: 1}] == [dict(fields(each)) for each in parts(response, 6)]
    assert {1: b"name", 2: b'"string"', 5: 1, 6: 1} == box["name"]
    assert {1: b"sizes", 2: b'["set", "number"]', 5: 1} == box["sizes"]
    assert {3: 2, 4: 1, 5: 1} == {number: box["lid"][number] for number in (3, 4, 5)}
    assert {1: b"timeouts", 2: b"", 3: 1} == box["timeouts"]
    assert {
        "color": {1: b"color", 2: b'"string"', 4: 1},
        "key_wo": {1: b"key_wo", 2: b'"string"', 5: 1, 11: 1},
    } == told(parts(lid, 2)[0])
