"""The schema of a Terraform provider, read out of the bindings generated from it.

The packages `cdktn-provider-*` hold one JavaScript module for each resource and data source. The
generator leaves nearly the whole schema in it: a comment with computed, optional and required
above each argument, its type, and which of them are blocks. Not in it is which values are allowed,
which arguments exclude each other, which are sensitive, and what the cloud says.
https://github.com/open-constructs/cdk-terrain (the generator: packages/@cdktn/provider-generator)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

Kind = Literal["provider", "resource", "data"]
Nesting = Literal["single", "list", "set"]

# A type in Terraform's JSON notation: "string", ["list", "string"], ["object", {...}].
Type = Any

_KINDS: Mapping[str, Kind] = {
    "TerraformProvider": "provider",
    "TerraformResource": "resource",
    "TerraformDataSource": "data",
}
_GIVEN: Mapping[tuple[str, str], Type] = {
    ("simple", "string"): "string",
    ("simple", "number"): "number",
    ("simple", "boolean"): "bool",
    ("list", "stringList"): ["list", "string"],
    ("list", "numberList"): ["list", "number"],
    ("set", "stringList"): ["set", "string"],
    ("set", "numberList"): ["set", "number"],
    ("map", "stringMap"): ["map", "string"],
}
_COMPUTED: Mapping[str, Type] = {
    "String": "string",
    "Number": "number",
    "Boolean": "bool",
    "List": ["list", "string"],
    "NumberList": ["list", "number"],
    "StringMap": ["map", "string"],
    "StringMapList": ["list", ["map", "string"]],
}
# The generator drops this property, but all arguments of the provider that have it end alike.
# https://developer.hashicorp.com/terraform/language/manage-sensitive-data/write-only
_WRITE_ONLY = "_wo"
_NESTINGS: Mapping[str, Nesting] = {"struct": "single", "set": "set"}

_TYPE = re.compile(r'static tfResourceType = "(\w+)"')
_VERSION = re.compile(r"providerVersion: '([\d.]+)'")
_LINES = re.MULTILINE | re.DOTALL
_CLASS = re.compile(r"^class (\w+) extends cdktn\.(\w+) \{(.*?)^\}", _LINES)
_FUNCTION = re.compile(r"^function (\w+)ToHclTerraform\(struct\) \{(.*?)^\}", _LINES)
_SYNTHESIS = re.compile(r"^    synthesizeHclAttributes\(\) \{(.*?)^    \}", _LINES)
_MEMBER = re.compile(
    r"^    // (\w+) - computed: (true|false), optional: (true|false), required: (true|false)\n"
    r"(.*?)(?=^    // \w+ - computed:|\Z)",
    _LINES,
)
_CONFIGURED = re.compile(
    r"^ +(\w+): \{\s*value: [^\n]*,\s*isBlock: (?:true|false),"
    r'\s*type: "(\w+)",\s*storageClassType: "(\w+)"',
    re.MULTILINE,
)
_NESTED = re.compile(r'new (\w+?)(List|OutputReference)\(this, "\w+"(?:, (true|false))?\)')
_GETTER = re.compile(r"this\.get(\w+?)Attribute\(|new cdktn\.(\w+)\(this")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One argument or result; `kind` is its type in Terraform's JSON notation."""

    kind: Type
    required: bool = False
    optional: bool = False
    computed: bool = False
    write_only: bool = False


@dataclass(frozen=True, slots=True)
class Nested:
    """A block within a block: at least `least` of them, at most `most`, with 0 for no limit."""

    block: Block
    nesting: Nesting = "list"
    least: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """What may stand between the braces of a resource, or of a block in it."""

    attributes: dict[str, Attribute] = field(default_factory=dict)
    blocks: dict[str, Nested] = field(default_factory=dict)


@dataclass(slots=True)
class Schema:
    """All of a provider: its version, its own arguments, its resources and data sources."""

    version: str = ""
    provider: Block = field(default_factory=Block)
    resources: dict[str, Block] = field(default_factory=dict)
    data: dict[str, Block] = field(default_factory=dict)


def read(sources: Iterable[str]) -> Schema:
    """The schema of a provider, of all JavaScript modules of its package, in any order."""
    schema = Schema()
    for source in sources:
        name = _TYPE.search(source)
        found = _Module.of(source) if name else None
        if not name or not found:
            continue
        version = _VERSION.search(source)
        schema.version = version[1] if version else schema.version
        if found.kind == "provider":
            schema.provider = found.provider_block()
        else:
            kinds = {"resource": schema.resources, "data": schema.data}
            kinds[found.kind][name[1]] = found.block()
    return schema


@dataclass(frozen=True, slots=True)
class _Module:
    kind: Kind
    main: str
    classes: dict[str, str]
    configured: dict[str, dict[str, tuple[str, str]]]

    @classmethod
    def of(cls, source: str) -> _Module | None:
        classes = list(_CLASS.findall(source))
        main = next(((name, _KINDS[base]) for name, base, _ in classes if base in _KINDS), None)
        if main is None:
            return None
        synthesis = _SYNTHESIS.search(source)
        functions = {name: _given(body) for name, body in _FUNCTION.findall(source)}
        return cls(
            kind=main[1],
            main=main[0],
            classes={name: body for name, _, body in classes},
            configured=functions | {"": _given(synthesis[1] if synthesis else "")},
        )

    def block(self) -> Block:
        return self._block(self.main, self.configured[""], ())

    def provider_block(self) -> Block:
        """A provider's plain arguments: the module does not say what its blocks require."""
        given = self.configured[""]
        members = {name: _GIVEN[given[name]] for name in given if given[name] in _GIVEN}
        members.pop("alias", None)  # Terraform's own argument, of every provider
        return Block({name: Attribute(kind, optional=True) for name, kind in members.items()})

    def _block(
        self, name: str, given: Mapping[str, tuple[str, str]], within: tuple[str, ...]
    ) -> Block:
        block = Block()
        for member, *flags, body in _MEMBER.findall(self.classes[name]):
            computed, optional, required = (flag == "true" for flag in flags)
            attribute = partial(
                Attribute,
                required=required,
                optional=optional,
                computed=computed,
                write_only=optional and member.endswith(_WRITE_ONLY),
            )
            nested = _NESTED.search(body)
            if not nested:
                block.attributes[member] = attribute(kind=_kind(body, given.get(member)))
                continue
            base, shape, of_set = nested.groups()
            function = base[0].lower() + base[1:]
            inner = (
                Block()
                if base in within  # a tree of unknown depth: given up at the first repetition
                else self._block(
                    f"{base}OutputReference", self.configured.get(function, {}), (*within, base)
                )
            )
            if member in given:
                nesting = _NESTINGS.get(given[member][0], "list")
                most = 1 if shape == "OutputReference" and nesting != "single" else 0
                least = 1 if required and nesting != "single" else 0
                block.blocks[member] = Nested(inner, nesting, least, most)
            else:
                shell = "set" if of_set == "true" else "list"
                block.attributes[member] = attribute(kind=[shell, object_of(inner)])
        return block


def object_of(block: Block) -> Type:
    """A block as the type of a value."""
    members = {name: attribute.kind for name, attribute in block.attributes.items()}
    for name, nested in block.blocks.items():
        inner = object_of(nested.block)
        members[name] = inner if nested.nesting == "single" else [nested.nesting, inner]
    return ["object", members]


def _given(body: str) -> dict[str, tuple[str, str]]:
    return {name: (shape, kind) for name, shape, kind in _CONFIGURED.findall(body)}


def _kind(body: str, given: tuple[str, str] | None) -> Type:
    if given and given in _GIVEN:
        return _GIVEN[given]
    getter = _GETTER.search(body)
    kind = _COMPUTED[getter[1] or getter[2]] if getter else "string"
    return ["set", kind[1]] if "Fn.tolist(" in body else kind
