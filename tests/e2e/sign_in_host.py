"""An authorization server and a server of tools behind it, on loopback, for tests: PKCE is checked, codes work once.

What a hostile one does instead of its duty is set by `Office.lies`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

Json = dict[str, Any]


class Host:
    """One HTTP server in a thread: `answer(method, path, headers, body)` → (status, headers, body)."""

    def __init__(self) -> None:
        host = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                host.seen.append(f"{self.command} {self.path}")
                status, headers, out = host.answer(self.command, self.path, dict(self.headers.items()), body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(out)))
                self.end_headers()
                self.wfile.write(out)

            do_GET = do_POST = do_DELETE = _any

            def log_message(self, *_: Any) -> None:
                pass

        self.seen: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        return 404, {}, b""

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


def as_json(value: Any, status: int = 200) -> tuple[int, dict[str, str], bytes]:
    return status, {"content-type": "application/json"}, json.dumps(value).encode()


class Office(Host):
    """The authorization server."""

    def __init__(self) -> None:
        super().__init__()
        self.lies: Json = {}
        self.clients: dict[str, Json] = {}
        self.codes: dict[str, Json] = {}
        self.access: set[str] = set()
        self.refresh: dict[str, str] = {}
        self.forms: list[Json] = []
        """What came to the token endpoint."""

    def answer(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(path)
        match parts.path:
            case "/.well-known/oauth-authorization-server":
                return as_json(
                    {
                        "issuer": self.url,
                        "authorization_endpoint": f"{self.url}/authorize",
                        "token_endpoint": f"{self.url}/token",
                        "registration_endpoint": f"{self.url}/register",
                        "code_challenge_methods_supported": ["S256"],
                        "token_endpoint_auth_methods_supported": ["none", "client_secret_basic"],
                        **self.lies.get("metadata", {}),
                    }
                )
            case "/register":
                client = json.loads(body) | {"client_id": f"client-{len(self.clients)}"}
                self.clients[client["client_id"]] = client
                return as_json(client, 201)
            case "/authorize":
                return self._authorize({name: values[0] for name, values in parse_qs(parts.query).items()})
            case "/token":
                return self._token(
                    {name: values[0] for name, values in parse_qs(body.decode()).items()}, headers
                )
        return 404, {}, b""

    def _authorize(self, asked: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        client = self.clients.get(asked["client_id"])
        if client is None or asked["redirect_uri"] not in client["redirect_uris"]:
            return 400, {}, b"an address that was not registered"
        if asked.get("code_challenge_method") != "S256" or len(asked.get("code_challenge", "")) < 43:
            return 400, {}, b"no PKCE"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.url} | self.lies.get("back", {})
        return 302, {"location": f"{asked['redirect_uri']}?{urlencode(back)}"}, b""

    def _token(self, form: Json, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        self.forms.append(
            form | {"authorization": headers.get("authorization", headers.get("Authorization", ""))}
        )
        if to := self.lies.get("token_redirect"):
            return 307, {"location": to}, b""
        if form["grant_type"] == "refresh_token":
            known = self.refresh.pop(form["refresh_token"], None) == form["client_id"]
            return self._grant(form["client_id"]) if known else as_json({"error": "invalid_grant"}, 400)
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if asked is None or proof != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return as_json({"error": "invalid_grant"}, 400)
        return self._grant(asked["client_id"])

    def _grant(self, client: str) -> tuple[int, dict[str, str], bytes]:
        access, refresh = f"access-{secrets.token_hex(12)}", f"refresh-{secrets.token_hex(12)}"
        self.access.add(access)
        self.refresh[refresh] = client
        return as_json(
            {"access_token": access, "refresh_token": refresh, "token_type": "bearer", "expires_in": 3600}
        )


class Tools(Host):
    """The server of tools; it answers to tokens of its office alone."""

    def __init__(self, office: Office) -> None:
        super().__init__()
        self.office = office
        self.lies: Json = {}
        self.tokens: list[str] = []
        self.said = "the secret of the vault"

    def answer(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        if path.startswith("/.well-known/oauth-protected-resource"):
            about = {"resource": f"{self.url}/mcp", "authorization_servers": [self.office.url], **self.lies}
            return as_json(about)
        if not path.startswith("/mcp"):
            return 404, {}, b""
        token = {name.lower(): value for name, value in headers.items()}.get("authorization", "")
        self.tokens.append(token)
        if token.removeprefix("Bearer ") not in self.office.access:
            where = f"{self.url}/.well-known/oauth-protected-resource/mcp"
            return 401, {"www-authenticate": f'Bearer resource_metadata="{where}"'}, b""
        if method != "POST":
            return 405, {}, b""
        return self._speak(json.loads(body))

    def _speak(self, message: Json) -> tuple[int, dict[str, str], bytes]:
        if "id" not in message:
            return 202, {}, b""
        schema = {"type": "object", "properties": {}}
        results: dict[str, Json] = {
            "initialize": {
                "protocolVersion": "2025-06-18",
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "vault", "version": "1"},
            },
            "tools/list": {
                "tools": [{"name": "open_vault", "description": "Opens it.", "inputSchema": schema}]
            },
            "tools/call": {"content": [{"type": "text", "text": self.said}]},
        }
        result = results.get(message["method"])
        answer = {"jsonrpc": "2.0", "id": message["id"]}
        return as_json(
            answer | ({"result": result} if result else {"error": {"code": -32601, "message": "?"}})
        )


def visit(address: str, *, host: str | None = None) -> tuple[int, str]:
    """What a browser does with an address, redirects followed: the last status and page. `host` is another name the
    page is asked for by."""
    for _ in range(5):
        parts = urlsplit(address)
        connection = HTTPConnection(parts.netloc, timeout=30)
        try:
            headers = {"Host": host} if host else {}
            connection.request("GET", f"{parts.path}?{parts.query}", headers=headers)
            response = connection.getresponse()
            page = response.read().decode()
            if response.status != 302:
                return response.status, page
            address = response.headers["location"]
        finally:
            connection.close()
    raise AssertionError("it goes round and round")
