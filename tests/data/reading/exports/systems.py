"""Exports of databases, monitoring systems and web services."""

from __future__ import annotations

import json
from datetime import UTC

from tests.data.reading.exports.made import DAYS, HOURS, Case, N, V, W, X, case, csv, floats


@case
def grafana():
    return Case(
        "sep=,\n"
        + csv(
            '"Time","cpu{instance=""a:9100"",job=""node""}","cpu{instance=""b:9100"",job=""node""}"',
            [
                (f'"{d:%Y-%m-%d %H:%M:%S}"', f"{v / 10}%", f"{w / 10}%" if k != 4 else "")
                for k, (d, v, w) in enumerate(zip(HOURS, V, W, strict=False))
            ],
        ),
        "h",
        "2024-01-01",
        [[v / 10 for v in V[:72]], [None if k == 4 else v / 10 for k, v in enumerate(W[:72])]],
    )


@case
def influx():
    out = []
    for t, (h, xs) in enumerate((("a", V), ("b", W))):
        out.append(
            "#group,false,false,true,true,false,false,true,true,true\n"
            "#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,string\n"
            "#default,_result,,,,,,,,\n,result,table,_start,_stop,_time,_value,_field,_measurement,host\n"
            + "".join(
                f",,{t},2024-01-01T00:00:00Z,2024-01-04T00:00:00Z,{d:%Y-%m-%dT%H:%M:%SZ},{v}.5,usage,cpu,{h}\n"
                for d, v in zip(HOURS, xs, strict=False)
            )
        )
    return Case("\n".join(out), "h", "2024-01-01", [[v + 0.5 for v in V[:72]], [v + 0.5 for v in W[:72]]])


@case
def influx_one():
    return Case(
        "#group,false,false,true,true,false,false,true,true,true\n"
        "#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,string\n"
        "#default,_result,,,,,,,,\n,result,table,_start,_stop,_time,_value,_field,_measurement,host\n"
        + "".join(
            f",,{t},2024-01-01T00:00:00Z,2024-01-04T00:00:00Z,{d:%Y-%m-%dT%H:%M:%SZ},{v}.5,usage,cpu,{h}\n"
            for t, (h, xs) in enumerate((("a", V), ("b", W)))
            for d, v in zip(HOURS, xs, strict=False)
        ),
        "h",
        "2024-01-01",
        [[v + 0.5 for v in V[:72]], [v + 0.5 for v in W[:72]]],
    )


@case
def cloudwatch():
    pts = [
        {"Timestamp": f"{d:%Y-%m-%dT%H:%M:%S}+00:00", "Average": v / 10, "Unit": "Percent"}
        for d, v in zip(HOURS, V, strict=False)
    ]
    pts = pts[30:] + pts[:30]
    return Case(
        json.dumps({"Label": "CPUUtilization", "Datapoints": pts}), "h", "2024-01-01", [[v / 10 for v in V[:72]]], name="d.json"
    )


@case
def cloudwatch_data():
    return Case(
        json.dumps(
            {
                "MetricDataResults": [
                    {
                        "Id": "m1",
                        "Label": "CPU",
                        "Timestamps": [f"{d:%Y-%m-%dT%H:%M:%S}+00:00" for d in reversed(HOURS)],
                        "Values": [v / 10 for v in reversed(V[:72])],
                        "StatusCode": "Complete",
                    }
                ],
                "Messages": [],
            }
        ),
        "h",
        "2024-01-01",
        [[v / 10 for v in V[:72]]],
        name="d.json",
    )


@case
def kibana():
    return Case(
        csv(
            '"@timestamp per hour","Count of records"',
            [(f'"{d:%b} {d.day}, {d.year} @ {d:%H:%M:%S}.000"', f'"{x:,}"') for d, x in zip(HOURS, X, strict=False)],
        ),
        "h",
        "2024-01-01",
        [floats(X[:72])],
    )


@case
def splunk():
    return Case(
        csv('"_time",count,"_span"', [(f'"{d:%Y-%m-%dT%H:%M:%S}.000+0000"', v, 3600) for d, v in zip(HOURS, V, strict=False)]),
        "h",
        "2024-01-01",
        [floats(V[:72])],
    )


@case
def bigquery():
    return Case(
        "".join(json.dumps({"hour": f"{d:%Y-%m-%d %H:%M:%S} UTC", "cnt": str(v)}) + "\n" for d, v in zip(HOURS, V, strict=False)),
        "h",
        "2024-01-01",
        [floats(V[:72])],
        name="d.jsonl",
    )


@case
def psql():
    return Case(
        "    day     | amount \n------------+--------\n"
        + "".join(f" {d.date()} | {v:>6}\n" for d, v in zip(DAYS, V, strict=False))
        + "(28 rows)\n\n",
        "D",
        "2024-01-01",
        [floats(V[:N])],
        name="d.txt",
    )


@case
def mysql():
    b = "+------------+--------+\n"
    return Case(
        b
        + "| day        | amount |\n"
        + b
        + "".join(f"| {d.date()} | {v:>6} |\n" for d, v in zip(DAYS, V, strict=False))
        + b
        + "28 rows in set (0.00 sec)\n",
        "D",
        "2024-01-01",
        [floats(V[:N])],
        name="d.txt",
    )


@case
def markdown():
    return Case(
        "| day | amount |\n|:----|-------:|\n" + "".join(f"| {d.date()} | {v} |\n" for d, v in zip(DAYS, V, strict=False)),
        "D",
        "2024-01-01",
        [floats(V[:N])],
        name="d.md",
    )


@case
def rrd():
    return Case(
        "                          in                 out\n\n"
        + "".join(f"{int(d.replace(tzinfo=UTC).timestamp())}: {v:.10e} {w:.10e}\n" for d, v, w in zip(HOURS, V, W, strict=False)),
        "h",
        "2024-01-01",
        [floats(V[:72]), floats(W[:72])],
        name="d.txt",
    )


@case
def plotly():
    return Case(json.dumps({"x": [str(d.date()) for d in DAYS], "y": V[:N]}), "D", "2024-01-01", [floats(V[:N])], name="d.json")


@case
def highcharts():
    return Case(
        json.dumps([[int(d.replace(tzinfo=UTC).timestamp() * 1000), v] for d, v in zip(HOURS, V, strict=False)]),
        "h",
        "2024-01-01",
        [floats(V[:72])],
        name="d.json",
    )


@case
def prometheus_api():
    return Case(
        json.dumps(
            {
                "status": "success",
                "data": {
                    "resultType": "matrix",
                    "result": [
                        {
                            "metric": {"instance": i},
                            "values": [[int(d.replace(tzinfo=UTC).timestamp()), str(v)] for d, v in zip(HOURS, xs, strict=False)],
                        }
                        for i, xs in (("a", V), ("b", W))
                    ],
                },
            }
        ),
        "h",
        "2024-01-01",
        [floats(V[:72]), floats(W[:72])],
        name="d.json",
    )


@case
def iso_basic():
    return Case(
        csv("time,v", [(f"{d:%Y%m%dT%H%M%SZ}", v) for d, v in zip(HOURS, V, strict=False)]), "h", "2024-01-01", [floats(V[:72])]
    )
