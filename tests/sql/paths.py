"""Where a statement names tables, as Google's own parser sees it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tests.sql.server import Message, Server, message

_PATH = "ASTPathExpressionProto"
# In these a table may have an alias; who has none is called by the last part of the name.
_ALIASED = frozenset(
    {
        "ASTDeleteStatementProto",
        "ASTMergeStatementProto",
        "ASTTablePathExpressionProto",
        "ASTUpdateStatementProto",
    }
)


class Paths:
    """Rewrites the names of tables so that one flat catalog can hold all of them.

    BigQuery takes `p.d.t` in one pair of backticks or in several, with or without the project;
    the evaluator has rows only for tables that are in no dataset.
    """

    def __init__(self, server: Server, language: Message, project: str) -> None:
        self._server, self._language, self._project = server, language, project

    def flat(self, sql: str, known: Collection[str]) -> tuple[str, set[str]]:
        """The statement with each known `dataset.table` as one quoted name, and those it names.

        Raises:
            Refused: it is no statement.
        """
        text, named = sql.encode(), set()
        tree = self.parse(sql)
        found = [(place(path), path, aliased) for path, aliased in _paths(tree, aliased=False)]
        for (start, end), path, aliased in sorted(found, key=lambda each: each[0], reverse=True):
            full = ".".join(part.id_string for part in path.names)
            name = full.removeprefix(f"{self._project}.")
            if name in known:
                alias = f" AS `{name.rpartition('.')[2]}`" if aliased else ""
                text = text[:start] + f"`{name}`{alias}".encode() + text[end:]
                named.add(name)
        return text.decode(), named

    def parse(self, sql: str) -> Message:
        """The statement as a tree.

        Raises:
            Refused: it is no statement.
        """
        request = message("local_service.ParseRequest")(sql_statement=sql)
        request.options.CopyFrom(self._language)
        return self._server.call("Parse", request, "local_service.ParseResponse")


def place(node: Message) -> tuple[int, int]:
    """From which byte to which a node of the tree stands."""
    while node.DESCRIPTOR.name != "ParseLocationRangeProto":
        node = node.ListFields()[0][1]
    return node.start, node.end


def inside(node: Message) -> Iterator[Message]:
    """The nodes right inside of one."""
    for field, value in node.ListFields():
        if field.message_type:
            yield from value if field.is_repeated else (value,)


def _paths(node: Message, *, aliased: bool) -> Iterator[tuple[Message, bool]]:
    """Every path of a statement, and whether it is a table that must be given its alias."""
    if node.DESCRIPTOR.name == _PATH:
        yield node, aliased
        return
    if node.DESCRIPTOR.name.startswith("AST"):
        aliased = node.DESCRIPTOR.name in _ALIASED and not node.HasField("alias")
    for each in inside(node):
        yield from _paths(each, aliased=aliased)
