"""The status for eyes: sections of plain lines, which colour only helps to read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.text import Text

from mixpanel_export_cli.assessing import Status
from mixpanel_export_cli.calendar_lines import MARKS, MEANINGS, STYLES, Line, heading, lines_of
from mixpanel_export_cli.forecast import Progress
from mixpanel_export_cli.gaps import Gap
from mixpanel_export_cli.pacing import MIXPANEL_PER_HOUR
from mixpanel_export_cli.states import State
from mixpanel_export_cli.times import lasting, shown
from mixpanel_export_cli.wording import counted

_BAR_WIDTH = 40


def print_status(status: Status, console: Console) -> None:
    """Print all sections."""
    sections = (
        [Text(f"Status at {shown(status.at)}", style="bold")],
        _freshness(status),
        _calendars(status),
        _gaps(status),
        _backfill(status),
        _budget(status),
        _dead_letters(status),
    )
    for section in sections:
        for line in section:
            console.print(line, soft_wrap=True, markup=False)
        console.print()


def progress_lines(
    progress: Progress, now: datetime, *, is_wished: bool
) -> Iterator[RenderableType]:
    """How far the past has come in, and when all of it will be there."""
    origin = "the wish of `backfill --since`" if is_wished else "EXPORT_SINCE"
    yield f"wanted since {progress.since:%Y-%m-%d}, by {origin}"
    yield ProgressBar(total=max(1, progress.wanted), completed=progress.loaded, width=_BAR_WIDTH)
    yield (
        f"{progress.percent:.1f} %: {progress.loaded} of {progress.wanted} intervals loaded, "
        f"{progress.left} left, of which {progress.landed} have landed and "
        f"{progress.under_way} are asked for"
    )
    for queue in progress.queues:
        if queue.waiting:
            yield (
                f"waiting: {counted(queue.waiting, f'{queue.family} request')}; beside live "
                f"traffic and second looks there is room for {queue.per_hour} an hour"
            )
    yield _end(progress, now)


def _end(progress: Progress, now: datetime) -> str:
    if progress.lasts is None:
        return "never done: raise REQUESTS_PER_HOUR, which leaves no room beside live traffic"
    if not progress.lasts:
        return "nothing waits to be asked for"
    return f"all asked for in about {lasting(progress.lasts)}: {shown(now + progress.lasts)}"


def _backfill(status: Status) -> Iterator[RenderableType]:
    yield "Backfill"
    is_wished = status.wished_since is not None
    for line in progress_lines(status.progress, status.at, is_wished=is_wished):
        yield Padding(line, (0, 0, 0, 2)) if isinstance(line, ProgressBar) else f"  {line}"


def _freshness(status: Status) -> Iterator[str]:
    yield "Freshness"
    for series, until in status.loaded_until.items():
        ago = f"until {shown(until)}, {lasting(status.at - until)} ago" if until else "nothing yet"
        yield f"  {series!s:16} loaded: {ago}"


def _calendars(status: Status) -> Iterator[RenderableType]:
    for series, cells in status.calendar.items():
        yield f"Calendar of {heading(series, status.policy.lengths[series])}"
        yield from (_marks(line) for line in lines_of(cells))
    for state in State:
        yield Text(f"  {MARKS[state]} {MEANINGS[state]}", style=STYLES[state])


def _marks(line: Line) -> Text:
    marks = Text(f"  {line.label}  ")
    for cell in line.cells:
        marks.append(MARKS[cell.state], style=STYLES[cell.state])
    return marks


def _gaps(status: Status) -> Iterator[Text]:
    gaps = status.open_gaps
    yield Text("Gaps" if gaps else "Gaps: none")
    for gap in gaps:
        is_late = gap in status.late
        late = f"; LATE, the objective is {lasting(status.objective)}" if is_late else ""
        text = f"  {described(gap, status.at)}{late}"
        yield Text(text, style="bold red" if is_late else "")
        yield Text(f"    from {shown(gap.start)}")
        yield Text(f"    to   {shown(gap.end)}")


def described(gap: Gap, now: datetime) -> str:
    """What is wrong, how much of it there is, for how long, and what was done."""
    asked = f"; last asked for {lasting(now - gap.asked_at)} ago" if gap.asked_at else ""
    what = f"{gap.series}: {gap.intervals} {MEANINGS[gap.state]}"
    return f"{what}, for {lasting(gap.age(now))}{asked}"


def _budget(status: Status) -> Iterator[str]:
    yield "Requests of the last hour"
    for spending in status.spendings:
        yield (
            f"  {spending.family:6} {spending.planned} planned, of {spending.limit}; with "
            f"{spending.by_hand} by hand {spending.total}, of {MIXPANEL_PER_HOUR}"
        )


def _dead_letters(status: Status) -> Iterator[str]:
    if status.dead_letters:
        yield f"Dead letters: at least {status.dead_letters}; see `dead-letters list`"
    else:
        yield "Dead letters: none seen"
