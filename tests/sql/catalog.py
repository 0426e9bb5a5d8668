"""What a statement may name, as GoogleSQL's protocol has it: tables, functions, variables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.sql.server import Message, message, values
from tests.sql.values import array_of, scalar

Columns = Mapping[str, Message]

# Functions that BigQuery has and this build of GoogleSQL has not: name, types of the arguments,
# how many of these may be left out, type of the answer. What calls one can be analyzed, and not
# evaluated.
YOUNGER = (
    # cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_keys
    ("JSON_KEYS", ("JSON", "INT64"), 1, array_of(scalar("STRING"))),
)
_SCALAR = values("FunctionEnums.Mode")["SCALAR"]
_OPTIONAL = values("FunctionEnums.ArgumentCardinality")["OPTIONAL"]
_KINDS = values("SignatureArgumentKind")


@dataclass(frozen=True, slots=True)
class TableFunction:
    """A query with arguments; GoogleSQL puts it in where it is called."""

    arguments: Columns
    query: str


@dataclass(frozen=True, slots=True)
class Names:
    """All that a statement may name, each by `dataset.table` or by a variable's name."""

    tables: Mapping[str, Columns] = field(default_factory=dict)
    functions: Mapping[str, TableFunction] = field(default_factory=dict)
    variables: Columns = field(default_factory=dict)


def catalog(language: Message, names: Names, now: dt.datetime | None = None) -> Message:
    """A catalog of these names and all functions; with `now`, its time stands still."""
    made = message("SimpleCatalogProto")(name="root")
    made.builtin_function_options.language_options.CopyFrom(language)
    for number, (name, columns) in enumerate(names.tables.items(), 1):
        table = made.table.add(name=name, serialization_id=number)
        for column, kind in columns.items():
            table.column.add(name=column, type=kind, is_writable_column=True)
    for name, function in names.functions.items():
        _add_table_function(made, name, function)
    # The value of a variable makes no difference to whether a statement is right.
    null = message("ValueProto")()
    for name, kind in names.variables.items():
        made.constant.add(name_path=[name], type=kind, value=null)
    for name, arguments, optional, answer in YOUNGER:
        _add_younger(made, name, arguments, optional, answer)
    if now:
        _stop_clock(made, now)
    return made


def _add_table_function(made: Message, name: str, function: TableFunction) -> None:
    kind = values("FunctionEnums.TableValuedFunctionType")["TEMPLATED_SQL_TVF"]
    added = made.custom_tvf.add(name_path=[name], type=kind)
    added.signature.return_type.kind = _KINDS["ARG_TYPE_RELATION"]
    added.signature.return_type.num_occurrences = 1
    for argument, kind in function.arguments.items():
        each = _argument(added.signature, kind)
        each.options.argument_name = argument
        added.argument_name.append(argument)
    added.parse_resume_location.input = function.query
    added.parse_resume_location.byte_position = 0


def _add_younger(
    made: Message, name: str, arguments: tuple[str, ...], optional: int, answer: Message
) -> None:
    added = made.custom_function.add(name_path=[name], group="younger", mode=_SCALAR)
    signature = added.signature.add()
    signature.return_type.type.CopyFrom(answer)
    signature.return_type.num_occurrences = 1
    for position, kind in enumerate(arguments, 1):
        _argument(signature, scalar(kind), optional=position > len(arguments) - optional)


def _stop_clock(made: Message, now: dt.datetime) -> None:
    """Let CURRENT_TIMESTAMP and CURRENT_DATE tell this time, and nothing tell the machine's."""
    for name in ("TIMESTAMP", "DATE", "DATETIME", "TIME"):
        number = values("FunctionSignatureId")[f"FN_CURRENT_{name}"]
        made.builtin_function_options.exclude_function_ids.append(number)
    stopped = f"TIMESTAMP '{now.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S.%f}+00'"
    _add_sql_function(made, "CURRENT_TIMESTAMP", stopped)
    date = _add_sql_function(made, "CURRENT_DATE", f"DATE({stopped}, zone)")
    date.templated_sql_function_argument_name.append("zone")
    zone = _argument(date.signature[0], scalar("STRING"), optional=True)
    zone.options.argument_name = "zone"
    zone.options.default_value.string_value = "UTC"


def _add_sql_function(made: Message, name: str, expression: str) -> Message:
    """A function that stands for this expression wherever it is called."""
    group = "Templated_SQL_Function"
    added = made.custom_function.add(name_path=[name], group=group, mode=_SCALAR)
    added.signature.add().return_type.kind = _KINDS["ARG_TYPE_ARBITRARY"]
    added.signature[0].return_type.num_occurrences = 1
    added.parse_resume_location.input = expression
    added.parse_resume_location.byte_position = 0
    return added


def _argument(signature: Message, kind: Message, *, optional: bool = False) -> Message:
    """One more argument; the server aborts where it is not said how often one occurs."""
    fixed, times = _KINDS["ARG_TYPE_FIXED"], 0 if optional else 1
    added = signature.argument.add(kind=fixed, type=kind, num_occurrences=times)
    if optional:
        added.options.cardinality = _OPTIONAL
    return added
