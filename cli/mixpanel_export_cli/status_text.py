"""The status for eyes: sections of plain lines, which colour only helps to read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from rich.console import Console
from rich.text import Text

from mixpanel_export.freshness import Freshness
from mixpanel_export.planning import LEASE
from mixpanel_export.plans import Plan
from mixpanel_export_cli.assessing import Status
from mixpanel_export_cli.calendar_lines import MARKS, MEANINGS, STYLES, Line, heading, lines_of
from mixpanel_export_cli.forecast import Progress, Queue
from mixpanel_export_cli.pacing import MIXPANEL_PER_HOUR
from mixpanel_export_cli.states import Gap, State
from mixpanel_export_cli.times import ago, lasting, shown
from mixpanel_export_cli.wording import counted

_BAR_WIDTH = 40
_MOST_GAPS = 20


def print_status(status: Status, console: Console) -> None:
    """Print all sections."""
    sections = (
        [Text(f"Status at {shown(status.at)}", style="bold")],
        _freshness(status),
        _calendars(status),
        _gaps(status),
        _backfill(status),
        _budget(status),
        [_dead_letters(status)],
    )
    for section in sections:
        for line in section:
            console.print(line, soft_wrap=True)
        console.print()


def progress_lines(progress: Progress, now: datetime, *, is_wished: bool) -> Iterator[Text]:
    """How far the past has come in, and when all of it will be asked for."""
    origin = "the wish of `backfill --since`" if is_wished else "EXPORT_SINCE"
    yield Text(f"wanted since {progress.since:%Y-%m-%d}, by {origin}")
    done = int(progress.percent * _BAR_WIDTH / 100)
    yield Text("#" * done, style="green").append("." * (_BAR_WIDTH - done), style="dim")
    yield Text(
        f"{progress.percent:.1f} %: {progress.loaded} of {progress.wanted} intervals loaded; "
        f"{progress.awaited} awaited, of which {progress.under_way} are asked for"
    )
    if progress.open:
        yield Text(f"not counted as awaited: {counted(progress.open, 'interval')} in gaps")
    for queue in progress.queues:
        if queue.waiting:
            yield Text(_waiting(queue))
    yield Text(_end(progress, now))


def _waiting(queue: Queue) -> str:
    behind = f", behind {queue.ahead} more urgent" if queue.ahead else ""
    waiting = counted(queue.waiting, f"{queue.family} request")
    return (
        f"waiting: {waiting}{behind}; the next tick asks for {queue.at_once}, and beside "
        f"live traffic and second looks there is room for {queue.per_hour} an hour"
    )


def _end(progress: Progress, now: datetime) -> str:
    if progress.lasts:
        return f"all asked for in about {lasting(progress.lasts)}: {shown(now + progress.lasts)}"
    if any(queue.waiting for queue in progress.queues):
        return "all asked for at the next tick"
    return "nothing of the past waits to be asked for"


def _backfill(status: Status) -> Iterator[Text]:
    yield Text("Backfill")
    is_wished = status.wished_since is not None
    for line in progress_lines(status.progress, status.at, is_wished=is_wished):
        yield Text("  ").append(line)


def _freshness(status: Status) -> Iterator[Text]:
    yield Text("Freshness")
    for freshness in status.freshness:
        name = str(freshness.series)
        for text in _ends(freshness, status.at):
            yield Text(f"  {name:16} {text}")
            name = ""


def _ends(freshness: Freshness, now: datetime) -> Iterator[str]:
    complete, newest = freshness.complete_until, freshness.loaded_until
    if newest is None:
        yield "nothing of what is wanted is loaded yet"
        return
    if complete is None:
        yield "complete: nothing yet"
    else:
        yield f"complete until {shown(complete)}, {ago(complete, now)}"
    if newest != complete:
        yield f"newest   until {shown(newest)}, {ago(newest, now)}"


def _calendars(status: Status) -> Iterator[Text]:
    for series, cells in status.calendar.items():
        yield Text(f"Calendar of {heading(series, status.policy.lengths[series])}")
        yield from (_marks(line) for line in lines_of(cells))
    for state in State:
        yield Text(f"  {MARKS[state]} {MEANINGS[state]}", style=STYLES[state])


def _marks(line: Line) -> Text:
    marks = Text(f"  {line.label}  ")
    for cell in line.cells:
        marks.append(MARKS[cell.state], style=STYLES[cell.state])
    return marks


def _gaps(status: Status) -> Iterator[Text]:
    gaps = sorted(status.gaps, key=lambda gap: gap.end, reverse=True)
    yield Text("Gaps" if gaps else "Gaps: none")
    for gap in gaps[:_MOST_GAPS]:
        is_late = status.is_late(gap)
        late = f"; LATE, the objective is {lasting(status.objective)}" if is_late else ""
        text = f"  {_described(gap, status.at)}{late}"
        yield Text(text, style="bold red" if is_late else "")
        yield Text(f"    from {shown(gap.start)}")
        yield Text(f"    to   {shown(gap.end)}")
    if rest := gaps[_MOST_GAPS:]:
        yield Text(f"  and {len(rest)} more, of which {sum(map(status.is_late, rest))} are LATE")


def late_lines(status: Status) -> Iterator[str]:
    """Why the exit code is what it is, the newest gaps first."""
    late = sorted(status.late, key=lambda gap: gap.end, reverse=True)
    for gap in islice(late, _MOST_GAPS):
        yield f"late: {_described(gap, status.at)}, from {shown(gap.start)}"
    if len(late) > _MOST_GAPS:
        yield f"late: {len(late) - _MOST_GAPS} more"


def _described(gap: Gap, now: datetime) -> str:
    """What is wrong, how much of it there is, for how long, and what was done."""
    asked = f"; last asked for {ago(gap.asked_at, now)}" if gap.asked_at else ""
    what = f"{gap.series}: {gap.intervals} {MEANINGS[gap.state]}"
    return f"{what}, for {lasting(gap.age(now))}{asked}"


def _budget(status: Status) -> Iterator[Text]:
    yield Text("Requests of the last hour")
    for spending in status.spendings:
        yield Text(
            f"  {spending.family:6} {spending.planned} planned, of {spending.limit}; by hand at "
            f"least {spending.by_hand_at_least}; together at least {spending.at_least}, of "
            f"{MIXPANEL_PER_HOUR}"
        )
    if status.open_plan:
        yield Text(f"  {open_plan_line(status.open_plan)}")


def open_plan_line(plan: Plan) -> str:
    """For whom the planner waits, and how long."""
    return (
        f"plan {plan.number} is open since {shown(plan.made_at)}: the planner waits until "
        f"{shown(plan.made_at + LEASE)}"
    )


def _dead_letters(status: Status) -> Text:
    count, reason = status.dead_letters.at_least, status.dead_letters.reason
    if count is None:
        return Text(f"Dead letters: not known ({reason})")
    if count:
        return Text(f"Dead letters: at least {count}; see `dead-letters list`")
    return Text("Dead letters: none seen")
