"""The routes: forecasts of rows and files, errors as JSON, the page, metrics, and the OpenAPI document."""

from __future__ import annotations

import gzip
import io
import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tsattn import api
from tsattn.serve import ServeConfig


def error_of(response) -> dict[str, str]:
    assert response.headers["content-type"] == "application/json"
    return response.json()["error"]


def test_when_rows_are_posted_then_the_answer_is_the_document_of_forecast_json(client, rows, tmp_path, zero_shot):
    response = client.post("/forecast", json={"data": rows, "horizon": 3, "quantiles": [0.1, 0.5, 0.9]})
    assert response.status_code == 200, response.text
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(rows))
    ours = api.forecast(path, model=zero_shot, horizon=3, quantiles=(0.1, 0.5, 0.9)).to_mapping()
    theirs = response.json()
    assert theirs["forecasts"] == ours["forecasts"]
    assert [one["item_id"] for one in theirs["forecasts"]] == ["north", "south"]
    assert set(ours) - set(theirs) == {"path", "written", "paths"}


def test_when_a_file_is_sent_in_any_of_three_ways_then_the_forecasts_are_the_same(client, rows, csv_text):
    want = client.post("/forecast", json={"data": rows, "horizon": 2}).json()["forecasts"]
    form = client.post("/forecast", files={"data": ("sales.csv", csv_text)}, data={"horizon": "2"})
    raw = client.post("/forecast?horizon=2", content=csv_text, headers={"content-type": "text/csv"})
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), stream)
    parquet = client.post("/forecast", files={"data": ("sales.parquet", stream.getvalue())}, data={"horizon": "2"})
    packed = client.post("/forecast?horizon=2", files={"data": ("sales.csv.gz", gzip.compress(csv_text.encode()))})
    for response in (form, raw, parquet, packed):
        assert response.status_code == 200, response.text
        assert response.json()["forecasts"] == want


def test_when_options_are_given_then_they_are_those_of_the_command_line(client, rows):
    asked = {"data": rows, "horizon": 2, "series": "south", "target": "sales", "item": ["shop"], "timestamp": "date", "freq": "D"}
    found = client.post("/forecast", json=asked).json()
    assert [one["item_id"] for one in found["forecasts"]] == ["south"]
    wide = [{"date": row["date"], "a": 1.0, "b": row["sales"]} for row in rows if row["shop"] == "north"]
    found = client.post("/forecast", json={"data": wide, "horizon": 2, "target": "b", "members": "network"}).json()
    assert len(found["forecasts"]) == 1
    assert found["forecasts"][0]["cutoff"] == "2024-02-29"


def test_when_future_rows_are_sent_then_known_covariates_are_read_from_them(client, rows):
    promo = [{**row, "promo": k % 5 == 0} for k, row in enumerate(row for row in rows if row["shop"] == "north")]
    data = [{"date": row["date"], "sales": row["sales"] + 40 * row["promo"], "promo": int(row["promo"])} for row in promo]
    future = [{"date": f"2024-03-0{day}", "promo": int(day == 2)} for day in (1, 2, 3)]
    response = client.post("/forecast", json={"data": data, "future": future, "horizon": 3, "known": "promo"})
    assert response.status_code == 200, response.text
    assert [effect["name"] for effect in response.json()["effects"]] == ["promo"]
    lacking = client.post("/forecast", json={"data": data, "future": future[:1], "horizon": 3, "known": "promo"})
    assert lacking.status_code == 422


def test_when_history_is_asked_for_then_the_last_rows_come_with_the_forecast(client, rows):
    without = [row for row in rows if row["date"] != "2024-02-28"]
    found = client.post("/forecast", json={"data": without, "horizon": 1, "history": 3}).json()["history"]
    assert [one["timestamps"] for one in found] == [["2024-02-27", "2024-02-28", "2024-02-29"]] * 2
    assert found[0]["values"] == [pytest.approx(rows[57]["sales"]), None, pytest.approx(rows[59]["sales"])]
    assert "history" not in client.post("/forecast", json={"data": rows, "horizon": 1}).json()


def test_when_one_series_has_no_values_then_the_others_are_forecast_and_it_is_named(client, rows):
    empty = [{"date": "2024-02-29", "shop": "west", "sales": None}]
    found = client.post("/forecast", json={"data": rows + empty, "horizon": 1}).json()
    assert [one["item_id"] for one in found["forecasts"]] == ["north", "south"]
    assert [one["item_id"] for one in found["failures"]] == ["west"]


@pytest.mark.parametrize(
    ("body", "status", "said", "hint"),
    [
        ({"data": []}, 422, "'data' holds no rows", "send records"),
        ({}, 422, "the request has no data", "send"),
        ({"data": "/etc/passwd"}, 422, "'data' holds no rows", "send records"),
        ({"data": [{"x": 1}], "horizont": 3}, 400, "unknown option 'horizont'", "did you mean 'horizon'?"),
        ({"data": [{"x": 1}], "horizon": 2.5}, 400, "horizon must be a whole number, not 2.5", ""),
        ({"data": [{"x": 1}], "model": "sales"}, 404, "no model 'sales' on this server", "GET /models"),
        ({"data": [{"date": "2024-01-01", "v": 1}]}, 422, "frequency", "freq=D"),
        ([], 422, "'data' holds no rows", "send records"),
        ([1, 2, 3], 422, "'data' holds single values, not records", "send records"),
        (3, 400, "must be a JSON object, not int", "for example"),
    ],
)
def test_when_a_request_is_wrong_then_the_error_says_what_and_what_to_send(client, body, status, said, hint):
    response = client.post("/forecast", json=body)
    assert response.status_code == status
    error = error_of(response)
    assert set(error) == {"kind", "message", "hint"}
    assert said in error["message"]
    assert hint in error["hint"]


def test_when_a_request_names_a_path_then_nothing_is_opened(client, rows, zero_shot):
    assert client.post("/forecast", json={"data": rows, "model": str(zero_shot)}).status_code == 404
    assert client.post("/forecast", json={"data": rows, "output": "x.csv"}).status_code == 400
    assert client.post("/forecast", json={"data": rows, "workspace": "/"}).status_code == 400
    found = client.post("/forecast", files={"data": ("../../etc/passwd", "t,v\n2024-01-01,1\n2024-01-02,2\n")}).json()
    assert found["data"]["source"] == "passwd"
    assert str(zero_shot.parent) not in json.dumps(found)


@pytest.mark.parametrize("content", [b"{", b"[" * 100_000, b'{"data": [}', b"\xff\xfe"])
def test_when_the_body_is_not_json_then_it_is_refused_and_the_server_goes_on(client, content, rows):
    response = client.post("/forecast", content=content, headers={"content-type": "application/json"})
    assert response.status_code == 400
    assert "not JSON" in error_of(response)["message"]
    assert client.post("/forecast", json={"data": rows, "horizon": 1}).status_code == 200


def test_when_the_content_type_is_unknown_then_the_answer_lists_those_that_are_read(client):
    response = client.post("/forecast", content=b"<a/>", headers={"content-type": "application/xml"})
    assert response.status_code == 415
    assert "application/json" in error_of(response)["hint"]
    assert client.post("/forecast").status_code == 415


def test_when_a_form_is_wrong_then_the_error_names_the_field(client, csv_text):
    assert "'table'" in error_of(client.post("/forecast", files={"table": ("a.csv", csv_text)}))["message"]
    broken = client.post("/forecast", content=b"--x\r\nnonsense", headers={"content-type": "multipart/form-data; boundary=x"})
    assert broken.status_code in (400, 422)
    assert error_of(broken)["message"]


def test_when_there_is_no_such_route_or_method_then_the_error_is_json_too(client):
    assert client.get("/docs").status_code == 404
    assert error_of(client.get("/nothing"))["hint"].startswith("POST /forecast")
    assert client.put("/forecast").status_code == 405


def test_when_the_body_is_too_large_then_it_is_refused_with_and_without_a_length(serving):
    with serving(max_body=1000) as client:
        headers = {"content-type": "text/csv"}
        declared = client.post("/forecast", content=b"x" * 1001, headers=headers)
        streamed = client.post("/forecast", content=iter([b"x" * 600, b"x" * 600]), headers=headers)
        packed = client.post("/forecast", files={"data": ("a.csv.gz", gzip.compress(b"t,v\n" + b"2024-01-01,1\n" * 5000))})
        for response in (declared, streamed, packed):
            assert response.status_code == 413, response.text
            assert error_of(response)["kind"] == "TooLarge"
        assert client.get("/health").status_code == 200


def test_when_a_parquet_file_unpacks_to_much_then_it_is_refused_before_it_is_read(serving):
    with serving(max_body=20_000) as client:
        stream = io.BytesIO()
        pq.write_table(pa.table({"t": ["2024-01-01"] * 100_000, "v": [1.0] * 100_000}), stream, compression="zstd")
        response = client.post("/forecast", files={"data": ("a.parquet", stream.getvalue())})
        assert len(stream.getvalue()) < 20_000
        assert response.status_code == 413


def test_when_metrics_are_read_then_requests_and_series_are_counted(serving, rows):
    with serving() as client:
        client.post("/forecast", json={"data": rows, "horizon": 1})
        client.post("/forecast", json={})
        client.get("/no-such-path")
        text = client.get("/metrics").text
        assert 'tsattn_requests_total{path="/forecast",method="POST",status="200"} 1' in text
        assert 'tsattn_requests_total{path="/forecast",method="POST",status="422"} 1' in text
        assert 'tsattn_requests_total{path="other",method="GET",status="404"} 1' in text
        assert "tsattn_series_total 2" in text
        assert "tsattn_forecast_seconds_count 2" in text
        assert 'tsattn_forecast_seconds_bucket{le="+Inf"} 2' in text


def test_when_the_page_is_opened_then_it_loads_nothing_from_elsewhere(client):
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    for path in ("/", "/page.css", "/page.js"):
        text = client.get(path).text.replace("http://www.w3.org/2000/svg", "")
        assert "://" not in text
        assert not re.search(r"\bon[a-z]+\s*=\s*[\"']", text)
        assert " style=" not in text


def test_when_the_openapi_document_is_read_then_it_holds_every_option(client):
    import dataclasses

    from tsattn.config import ReadOptions

    document = client.get("/openapi.json").json()
    schema = document["paths"]["/forecast"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert {field.name for field in dataclasses.fields(ReadOptions)} <= set(schema["properties"])
    assert {"data", "future", "horizon", "quantiles", "model"} <= set(schema["properties"])
    assert all(option.get("description") for option in schema["properties"].values())
    named = {parameter["name"] for parameter in document["paths"]["/forecast"]["post"]["parameters"]}
    assert named == set(schema["properties"]) - {"data", "future"}


def test_when_models_are_listed_then_they_are_names_that_a_request_may_use(client, rows):
    assert client.get("/models").json() == {"models": ["zero-shot"]}
    assert client.post("/forecast", json={"data": rows, "horizon": 1, "model": "zero-shot"}).status_code == 200


def test_when_log_lines_are_written_then_no_path_can_forge_one(serving):
    lines: list[str] = []
    with serving(log=lines.append) as client:
        client.get("/a%0a2024-01-01%20forged%1b[31m")
    assert len(lines) == 1
    assert "\n" not in lines[0]
    assert "\x1b" not in lines[0]
    assert "404" in lines[0]


def test_when_settings_are_out_of_range_then_they_are_refused():
    from tsattn.errors import ConfigError

    for wrong in ({"workers": 0}, {"timeout": 0}, {"queue": -1}, {"token": ""}, {"token": "a\nb"}, {"max_body": 0}):
        with pytest.raises(ConfigError):
            ServeConfig(**wrong)
