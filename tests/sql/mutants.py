"""A statement with one mistake in it, for each place where one can be made."""

from __future__ import annotations

from collections.abc import Iterator

from tests.sql.paths import Paths, inside, place
from tests.sql.server import Message, values

_PATH = "ASTPathExpressionProto"
_COMPARISONS = ("EQ", "NE", "NE2", "GT", "LT", "GE", "LE")
# No column has this type, and nothing becomes it by itself.
_OF_ANOTHER_TYPE = "CAST(NULL AS GEOGRAPHY)"


def misspelt(paths: Paths, sql: str) -> Iterator[str]:
    """Each name of a column, table or function, misspelt where it first occurs."""
    seen: set[str] = set()
    for path in _nodes(paths.parse(sql), _PATH):
        last = path.names[-1]
        if last.id_string not in seen:
            seen.add(last.id_string)
            yield _changed(sql, last, f"`{last.id_string}_`")


def compared_with_another_type(paths: Paths, sql: str) -> Iterator[str]:
    """Each comparison, with a value of another type on its right."""
    operators = {values("ASTBinaryExpressionEnums.Op")[name] for name in _COMPARISONS}
    for comparison in _nodes(paths.parse(sql), "ASTBinaryExpressionProto"):
        if comparison.op in operators:
            yield _changed(sql, comparison.rhs, _OF_ANOTHER_TYPE)


def grouped_by_one_less(paths: Paths, sql: str) -> Iterator[str]:
    """Each GROUP BY, without one of the columns that are selected beside it."""
    for select in _nodes(paths.parse(sql), "ASTSelectProto"):
        selected = {_spelt(path) for path in _nodes(select.select_list, _PATH)}
        items = select.group_by.grouping_items
        for item, other in zip(items, [*items[1:], *items[:1]], strict=True):
            if {_spelt(path) for path in _nodes(item, _PATH)} & selected:
                to = "" if item is other else _text(sql, other)
                yield _changed(sql, select.group_by if item is other else item, to)
                break


def _nodes(node: Message, kind: str) -> Iterator[Message]:
    if node.DESCRIPTOR.name == kind:
        yield node
    for each in inside(node):
        yield from _nodes(each, kind)


def _spelt(path: Message) -> tuple[str, ...]:
    return tuple(each.id_string for each in path.names)


def _text(sql: str, node: Message) -> str:
    start, end = place(node)
    return sql.encode()[start:end].decode()


def _changed(sql: str, node: Message, to: str) -> str:
    start, end = place(node)
    text = sql.encode()
    return (text[:start] + to.encode() + text[end:]).decode()
