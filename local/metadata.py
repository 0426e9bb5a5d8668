"""The metadata server, where code on Google Cloud gets its tokens from.

The functions sign in here exactly as they do in the cloud; the token opens nothing but the
emulators. Source: cloud.google.com/compute/docs/metadata/overview
"""

from __future__ import annotations

from typing import Self

from local.http import App, Request, Response, Server

# Google's client asks by this name once, and then by the e-mail that the answer had.
_ACCOUNT = "/computeMetadata/v1/instance/service-accounts/(?:default|local)"
_FLAVOR = {"Metadata-Flavor": "Google"}


class MetadataServer:
    """Answers for one made-up service account.

    Its name is no e-mail address, so that Google's clients do not look up its allowed regions
    at an address outside this machine.
    """

    def __init__(self) -> None:
        app = App(lambda error: Response.json({"error": str(error)}, 500))
        self._server = Server(app)

        @app.route("GET", "/")
        def ping(_request: Request) -> Response:
            return Response(200, b"", dict(_FLAVOR))

        @app.route("GET", f"{_ACCOUNT}/")
        def account(_request: Request) -> Response:
            scopes = ["https://www.googleapis.com/auth/cloud-platform"]
            info = {"aliases": ["default"], "email": "local", "scopes": scopes}
            return Response.json(info, 200, **_FLAVOR)

        @app.route("GET", f"{_ACCOUNT}/token")
        def token(_request: Request) -> Response:
            content = {"access_token": "local", "expires_in": 3600, "token_type": "Bearer"}
            return Response.json(content, 200, **_FLAVOR)

        @app.route("GET", "/computeMetadata/v1/universe/universe-domain")
        def universe(_request: Request) -> Response:
            return Response(200, b"googleapis.com", {"Content-Type": "application/text"} | _FLAVOR)

    @property
    def environment(self) -> dict[str, str]:
        """What makes Google's clients ask here, and nowhere else, for credentials."""
        address = self._server.url.removeprefix("http://")
        return {
            "GCE_METADATA_HOST": address,
            "GCE_METADATA_IP": address,
            "GOOGLE_APPLICATION_CREDENTIALS": "",
            "CLOUDSDK_CONFIG": "/nonexistent",
        }

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
