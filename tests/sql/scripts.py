"""Scripts as GoogleSQL sees them: each statement, with the variables that are there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.bigquery.script_steps import Assert, Declare, For, If, Set, Statement, Step
from local.bigquery.scripts import statements
from tests.sql.analyzer import Analyzer
from tests.sql.values import name_of, struct_of

# The types of the variables, by name.
Scope = Mapping[str, Any]


def analyze_script(analyzer: Analyzer, text: str) -> None:
    """Let every statement of a script be analyzed; a query alone is a script, too.

    GoogleSQL's analyzer takes single statements. Variables stand in its catalog as constants, the
    row of a FOR as a struct of the columns of its query.

    Raises:
        Refused: what is wrong with one of them.
    """
    _steps(analyzer, statements(text), {})


def _steps(analyzer: Analyzer, steps: tuple[Step, ...], scope: Scope) -> None:
    for step in steps:
        match step:
            case Statement():
                analyzer.analyze(step.text, scope)
            case Declare():
                scope = {**scope, **dict.fromkeys(step.names, _declared(analyzer, step, scope))}
            case Set():
                _value(analyzer, step.expression, name_of(scope[step.name]), scope)
            case For():
                row = struct_of(analyzer.analyze(step.query, scope))
                _steps(analyzer, step.body, {**scope, step.row: row})
            case If():
                _value(analyzer, step.condition, "BOOL", scope)
                _steps(analyzer, step.body, scope)
                _steps(analyzer, step.otherwise, scope)
            case Assert():
                _value(analyzer, step.condition, "BOOL", scope)


def _declared(analyzer: Analyzer, step: Declare, scope: Scope) -> Any:
    if step.type is None:
        return _only(analyzer, str(step.default), scope)
    if step.default is not None:
        _value(analyzer, step.default, step.type, scope)
    return _only(analyzer, f"CAST(NULL AS {step.type})", scope)


def _value(analyzer: Analyzer, expression: str, kind: str, scope: Scope) -> None:
    """An expression that becomes a value of this type without a cast."""
    _only(analyzer, f"IFNULL(CAST(NULL AS {kind}), {expression})", scope)


def _only(analyzer: Analyzer, expression: str, scope: Scope) -> Any:
    (kind,) = analyzer.analyze(f"SELECT {expression}", scope).values()
    return kind
