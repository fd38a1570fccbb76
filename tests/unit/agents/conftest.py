"""Sample briefs and options, and an HTTP endpoint that answers from a script."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from agents.brief import REASONS, Brief
from tools.tool import Arguments, Option
from winback.clock import SimulatedClock
from winback.usage.drop import Driver, DropKind

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
BRIEF = Brief(
    kind=DropKind.FEATURE_FELL,
    reason=REASONS[DropKind.FEATURE_FELL],
    feature="reports",
    seen_days=1,
    expected_days=4.2,
    lost_days=3.2,
    onset_weeks=2,
    drivers=(Driver("reports", 4.0, 0.5),),
    seats_before=5,
    seats_now=4,
    plan="team",
    value_band="middle",
    language="en",
    contacts_before=1,
)


@pytest.fixture
def brief() -> Brief:
    return BRIEF


@pytest.fixture
def brief_of() -> Callable[..., Brief]:
    def make(kind: DropKind, **changes: Any) -> Brief:
        return replace(BRIEF, kind=kind, reason=REASONS[kind], **changes)

    return make


@pytest.fixture
def option() -> Callable[..., Option]:
    def make(tool: str, catalogue_id: str, fit: float = 1.0, hint: str = "words") -> Option:
        return Option(tool=tool, arguments=Arguments(), catalogue_id=catalogue_id, label="for people", hint=hint, fit=fit)

    return make


@pytest.fixture
def options(option: Callable[..., Option]) -> list[Option]:
    return [
        option("send_tutorial", "reports-first", 0.8),
        option("send_tutorial", "tour", 0.9),
        option("offer_trial_upgrade", "trial-team"),
        option("book_call", "checkin", 0.5),
        option("book_call", "checkin", 0.4),
    ]


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(NOW)


@dataclass
class Endpoint:
    """`replies` in order, the last one again and again: (status, body, headers, seconds to wait)."""

    url: str
    replies: list[tuple[int, Any, dict[str, str], float]] = field(default_factory=list)
    questions: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def reply(
        self, body: Any, *, status: int = 200, headers: dict[str, str] | None = None, wait: float = 0.0
    ) -> None:
        self.replies.append((status, body, headers or {}, wait))

    def say(self, content: str | dict[str, Any], *, finish: str = "stop", tool: str | None = None) -> None:
        text = content if isinstance(content, str) else json.dumps(content)
        message: dict[str, Any] = {"role": "assistant", "content": text}
        if tool:
            call = {"id": "c1", "type": "function", "function": {"name": tool, "arguments": text}}
            message = {"role": "assistant", "content": None, "tool_calls": [call]}
        self.reply(
            {
                "id": "1",
                "object": "chat.completion",
                "created": 1,
                "model": "served",
                "choices": [{"index": 0, "message": message, "finish_reason": finish}],
                "usage": {"prompt_tokens": 321, "completion_tokens": 12, "total_tokens": 333},
            }
        )

    def fail(self, status: int, message: str = "no", code: str | None = None, **headers: str) -> None:
        self.reply({"error": {"message": message, "code": code}}, status=status, headers=headers)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            served.questions.append(asked)
            served.keys.append(self.headers["authorization"])
            status, body, headers, wait = served.replies[min(len(served.questions), len(served.replies)) - 1]
            time.sleep(wait)
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"content-type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            return

    server = Server(("127.0.0.1", 0), Handler)
    served = Endpoint(f"http://127.0.0.1:{server.server_address[1]}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield served
    server.shutdown()
    server.server_close()
    thread.join()
