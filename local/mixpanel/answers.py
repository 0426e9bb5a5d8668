"""Refusals, in the two shapes Mixpanel gives them: a bare text, or JSON with the request."""

from __future__ import annotations

from local.http import Response


class ApiError(Exception):
    """The call is refused with this status and message."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        text: bool = False,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.text = text
        self.headers = headers or {}

    def response(self, request_line: str) -> Response:
        """The answer; `request_line` is the path with its query, quoted back to the caller."""
        if self.text:
            headers = {"Content-Type": "text/plain; charset=utf-8"} | self.headers
            return Response(self.status, self.message.encode(), headers)
        body = {"request": request_line, "error": self.message}
        response = Response.json(body, self.status)
        response.headers.update(self.headers)
        return response
