"""The simulator's own endpoints, under `/_admin/`: what tests do in-process, over HTTP."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from local.http import App, Json, Request, Response

if TYPE_CHECKING:
    from local.mixpanel.simulator import MixpanelSimulator

_PROJECT = r"/_admin/projects/(?P<project_id>\d+)"


def install(app: App, simulator: MixpanelSimulator) -> None:
    """Serve the methods of this simulator."""
    _install_events(app, simulator)
    _install_profiles(app, simulator)
    _install_clocks(app, simulator)
    _install_reports(app, simulator)


def _install_events(app: App, simulator: MixpanelSimulator) -> None:
    @app.route("POST", "/_admin/projects")
    def add_project(request: Request) -> Response:
        simulator.add_project(**request.json())
        return Response.json({})

    @app.route("POST", f"{_PROJECT}/lines")
    def load(request: Request) -> Response:
        lag = float(request.query.get("visible_after_seconds", "0"))
        return Response.json({"loaded": simulator.load(_id(request), _lines(request), lag)})

    @app.route("POST", f"{_PROJECT}/events")
    def ingest(request: Request) -> Response:
        events = _as_list(request.json())
        for event in events:
            for name in ("event_time_utc", "processing_time_utc"):
                event[name] = _moment(event[name])
            simulator.ingest(_id(request), **event)
        return Response.json({"ingested": len(events)})

    @app.route("GET", f"{_PROJECT}/events")
    def events(request: Request) -> Response:
        return Response.json(simulator.events(_id(request)))

    @app.route("POST", f"{_PROJECT}/remove")
    def remove(request: Request) -> Response:
        return Response.json({"removed": simulator.remove(_id(request), **request.json())})

    @app.route("POST", f"{_PROJECT}/update")
    def update(request: Request) -> Response:
        return Response.json({"updated": simulator.update(_id(request), **request.json())})


def _install_profiles(app: App, simulator: MixpanelSimulator) -> None:
    @app.route("POST", f"{_PROJECT}/profiles")
    def load_profiles(request: Request) -> Response:
        return Response.json({"loaded": simulator.load_profiles(_id(request), _lines(request))})

    @app.route("GET", f"{_PROJECT}/profiles")
    def profiles(request: Request) -> Response:
        return Response.json(simulator.profiles(_id(request)))


def _install_clocks(app: App, simulator: MixpanelSimulator) -> None:
    @app.route("POST", "/_admin/clock")
    def set_clock(request: Request) -> Response:
        body = request.json()
        for name, clock in (("calendar", simulator.calendar), ("limiter", simulator.limiter)):
            if name in body:
                clock.set(None if body[name] is None else _moment(body[name]))
        simulator.limiter.advance(body.get("advance_limiter_seconds", 0))
        return clocks(request)

    @app.route("GET", "/_admin/clock")
    def clocks(_request: Request) -> Response:
        return Response.json(
            {
                "calendar": simulator.calendar.moment().isoformat(),
                "limiter": simulator.limiter.moment().isoformat(),
            }
        )


def _install_reports(app: App, simulator: MixpanelSimulator) -> None:
    @app.route("POST", "/_admin/settings")
    def change_settings(request: Request) -> Response:
        simulator.settings.change(request.json())
        return settings(request)

    @app.route("GET", "/_admin/settings")
    def settings(_request: Request) -> Response:
        return Response.json(simulator.settings.as_json())

    @app.route("GET", "/_admin/usage")
    def usage(_request: Request) -> Response:
        return Response.json(simulator.usage())

    @app.route("GET", "/_admin/requests")
    def requests(_request: Request) -> Response:
        return Response.json(simulator.requests())


def _id(request: Request) -> int:
    return int(request.params["project_id"])


def _lines(request: Request) -> list[bytes]:
    return [line for line in request.body.split(b"\n") if line.strip()]


def _as_list(body: Json) -> list[Json]:
    return body if isinstance(body, list) else [body]


def _moment(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"a moment needs its offset from UTC, such as a final Z: {text}")
    return moment
