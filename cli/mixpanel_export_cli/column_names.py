"""Names of columns: what BigQuery allows, and the one that follows from a property's name.

The rule, step by step; docs/operations.md tells it to operators:

1. `$` at the beginning, with `mp_` behind it or without, becomes `mp_`, as in Mixpanel's own
   pipeline (docs.mixpanel.com/docs/data-pipelines/old-pipelines/schematized-export-pipeline).
2. Accents go, letters become small ones, and each run of other characters becomes one `_`.
3. `_` at either end goes; of nothing comes `property`; a digit in front gets `_` before it.
4. A reserved word gets `_` behind it, so that nobody needs to quote it.
5. It is cut to 290 characters, and a name that is taken gets `_2`, `_3` and so on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set as AbstractSet
from itertools import count

LONGEST = 300
_LONGEST_WITHOUT_NUMBER = 290
_ALLOWED = re.compile(rf"[A-Za-z_][A-Za-z0-9_]{{0,{LONGEST - 1}}}")
# cloud.google.com/bigquery/docs/schemas#column_names
_FORBIDDEN_BEGINNINGS = (
    "_table_",
    "_file_",
    "_partition",
    "_row_timestamp",
    "__root__",
    "_colidentifier",
    "_change_sequence_number",
    "_change_type",
    "_change_timestamp",
)
# cloud.google.com/bigquery/docs/reference/standard-sql/lexical#reserved_keywords
_RESERVED_WORDS = """
    all and any array as asc assert_rows_modified at between by case cast collate contains create
    cross cube current default define desc distinct else end enum escape except exclude exists
    extract false fetch following for from full group grouping groups hash having if ignore in
    inner intersect interval into is join lateral left like limit lookup merge natural new no not
    null nulls of on or order outer over partition preceding proto qualify range recursive respect
    right rollup rows select set some struct tablesample then to treat true unbounded union unnest
    using when where window with within
"""
_RESERVED = frozenset(_RESERVED_WORDS.split())


def is_allowed(name: str) -> bool:
    """Whether BigQuery takes a column of this name, without flexible column names."""
    is_forbidden = name.casefold().startswith(_FORBIDDEN_BEGINNINGS)
    return _ALLOWED.fullmatch(name) is not None and not is_forbidden


def plain_name(property_name: str) -> str:
    """The name that follows from a property's, whatever is taken."""
    letters = unicodedata.normalize("NFKD", re.sub(r"^\$(mp_)?", "mp_", property_name))
    unaccented = "".join(each for each in letters if not unicodedata.combining(each))
    name = re.sub(r"[^a-z0-9]+", "_", unaccented.casefold()).strip("_") or "property"
    if name[0].isdigit():
        name = f"_{name}"
    if name in _RESERVED:
        name = f"{name}_"
    return name[:_LONGEST_WITHOUT_NUMBER]


def free_name(property_name: str, taken: AbstractSet[str]) -> str:
    """The name for a property when these, in small letters, are taken: BigQuery ignores case."""
    name = plain_name(property_name)
    if name not in taken:
        return name
    return next(other for number in count(2) if (other := f"{name}_{number}") not in taken)
