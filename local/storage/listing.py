"""One page of a bucket's listing: prefix, delimiter, offsets, glob and page token."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping

from local.http import Json
from local.storage import errors

PARAMETERS = "prefix delimiter startOffset endOffset matchGlob maxResults pageToken versions"
_MOST_RESULTS = 1000
_GLOB_SIGN = re.compile(r"\*\*|\[[!^]?[^\]]+\]|.", re.DOTALL)
_GLOB_MEANING = {"**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")"}


def page(resources: Mapping[str, Json], query: Mapping[str, str]) -> Json:
    """The items and common prefixes that follow the page token, in order of their names.

    `versions` changes nothing, because only live objects exist here.
    """
    limit = min(int(query.get("maxResults") or _MOST_RESULTS), _MOST_RESULTS)
    items: list[Json] = []
    prefixes: list[str] = []
    answer: dict[str, Json] = {"kind": "storage#objects"}
    last = _decode(query.get("pageToken", ""))
    for name in filter(_filter(query), sorted(resources)):
        common = _common_prefix(name, query)
        entry = common or name
        if entry <= last:
            continue
        if len(items) + len(prefixes) == limit:
            answer["nextPageToken"] = base64.urlsafe_b64encode(last.encode()).decode()
            break
        last = entry
        if common:
            prefixes.append(common)
        else:
            items.append(resources[name])
    # Google leaves an empty list out.
    found = {"items": items, "prefixes": prefixes}
    return answer | {key: value for key, value in found.items() if value}


def _decode(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token).decode()
    except ValueError as error:
        raise errors.invalid("Invalid page token") from error


def _filter(query: Mapping[str, str]) -> Callable[[str], bool]:
    prefix = query.get("prefix", "")
    start = query.get("startOffset", "")
    end = query.get("endOffset", "")
    glob = _translate(query.get("matchGlob", "**"))
    if "matchGlob" in query and query.get("delimiter", "/") != "/":
        raise errors.invalid("matchGlob goes with the delimiter / only")

    def wanted(name: str) -> bool:
        inside = name >= start and (not end or name < end)
        return inside and name.startswith(prefix) and glob.fullmatch(name) is not None

    return wanted


def _common_prefix(name: str, query: Mapping[str, str]) -> str | None:
    """The directory, so to speak, that stands for a name; it may end the name itself."""
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    if not delimiter:
        return None
    head, found, _ = name[len(prefix) :].partition(delimiter)
    return f"{prefix}{head}{delimiter}" if found else None


def _translate(glob: str) -> re.Pattern[str]:
    """Google's glob as a regular expression: `* ** ? [a-z] [!a-z] {one,two}`."""
    parts = []
    depth = 0
    for sign in _GLOB_SIGN.findall(glob):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if sign == "," and depth:
            parts.append("|")
        elif len(sign) > 1 and sign[0] == "[":
            parts.append(sign.replace("[!", "[^", 1))
        else:
            parts.append(_GLOB_MEANING.get(sign, re.escape(sign)))
    return re.compile("".join(parts), re.DOTALL)
