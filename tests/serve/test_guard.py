"""Hosts, origins and tokens."""

from __future__ import annotations

import asyncio

import pytest

from tests.serve.conftest import TOKEN
from tsattn.serve.config import ServeConfig, hosts_for, is_loopback
from tsattn.serve.guard import BodyTooLarge, Received, host_name, line
from tsattn.serve.pool import Busy


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", ""])
def test_when_a_name_resolves_to_this_machine_then_its_requests_are_refused(client, host):
    response = client.get("/health", headers={"host": host})
    assert response.status_code == 403
    assert "host name" in response.json()["error"]["message"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8000", "LOCALHOST", "[::1]:8000"])
def test_when_the_host_is_a_loopback_name_then_it_is_answered(client, host):
    assert client.get("/health", headers={"host": host}).status_code == 200


def test_when_a_page_of_another_site_sends_a_request_then_it_is_refused(client, csv_text):
    files = {"data": ("a.csv", csv_text)}
    assert client.post("/forecast", files=files, headers={"origin": "http://evil.example"}).status_code == 403
    assert client.post("/forecast", files=files, headers={"origin": "null"}).status_code == 403
    own = client.post("/forecast", files=files, headers={"origin": "http://127.0.0.1"})
    assert own.status_code == 200
    assert "access-control-allow-origin" not in own.headers
    assert client.options("/forecast", headers={"access-control-request-method": "POST"}).status_code == 405


def test_when_a_token_is_set_then_everything_but_the_page_and_health_needs_it(serving, rows):
    with serving(token=TOKEN) as client:
        good = {"authorization": f"Bearer {TOKEN}"}
        for path in ("/", "/page.js", "/page.css", "/health"):
            assert client.get(path).status_code == 200
        for path in ("/metrics", "/models", "/openapi.json", "/nothing"):
            refused = client.get(path)
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"] == "Bearer"
        for wrong in ({}, {"authorization": "Bearer "}, {"authorization": f"Bearer {TOKEN}x"}, {"authorization": TOKEN}):
            assert client.post("/forecast", json={"data": rows}, headers=wrong).status_code == 401
        assert client.post("/forecast", json={"data": rows, "horizon": 1}, headers=good).status_code == 200
        assert client.get("/openapi.json", headers=good).json()["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_when_an_answer_is_sent_then_it_has_the_security_headers(client):
    for path in ("/", "/nothing", "/health"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"
        assert "content-security-policy" in headers
        assert "server" not in headers


def test_when_a_server_listens_on_loopback_then_only_loopback_names_and_allowed_ones_are_hosts():
    assert hosts_for("127.0.0.1", ()) == ("localhost", "127.0.0.1", "::1")
    assert hosts_for("127.0.0.1", ("forecasts.example",))[-1] == "forecasts.example"
    assert hosts_for("0.0.0.0", ()) == ()
    assert "forecasts.example" in hosts_for("0.0.0.0", ("forecasts.example",))
    assert is_loopback("127.8.9.1")
    assert is_loopback("::1")
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("example.org")


def test_when_a_host_header_has_a_port_then_the_name_is_found():
    assert host_name("Example.org:80") == "example.org"
    assert host_name("[::1]:80") == "::1"


def test_when_a_text_holds_control_characters_then_the_log_line_is_printable():
    assert line("a\nb\x1b[31m").endswith(r"a\nb\x1b[31m")


def test_when_the_bodies_of_all_requests_are_too_large_together_then_the_next_bytes_are_refused():
    config = ServeConfig(workers=1, queue=1, max_body=10)
    received = Received()

    async def receive():
        return {"type": "http.request", "body": b"12345678"}

    with received.counted(receive, config) as one, received.counted(receive, config) as two:
        asyncio.run(one())
        with pytest.raises(BodyTooLarge):
            asyncio.run(one())
        asyncio.run(two())
        with received.counted(receive, config) as three, pytest.raises(Busy):
            asyncio.run(three())
    assert received.bytes == 0
