"""Files of weather and climate services."""

from __future__ import annotations

from tests.data.reading.exports.made import DAYS, HOURS, MONTHS, Case, N, V, W, X, case, csv, floats


@case
def ghcn_cdo():
    return Case(
        csv(
            '"STATION","NAME","DATE","PRCP","TMAX","TMIN"',
            [
                (f'"{s}"', f'"{n}"', f'"{d.date()}"', f'"{p}"', f'"{x}"', f'"{x - 80}"')
                for s, n, xs in (("AU01", "WIEN, AU", V), ("AU02", "GRAZ, AU", W))
                for d, x, p in zip(DAYS, xs, X, strict=False)
            ],
        ),
        "D",
        "2024-01-01",
        [floats(V[:N]), floats(W[:N])],
        {"target": ("TMAX",)},
    )


@case
def isd_lite():
    return Case(
        "".join(
            f"{d:%Y %m %d %H} {v:5d} {-10:5d} {10175 + v % 7:5d} {200:5d} {31:5d} {0:5d} {-9999:5d} {-9999:5d}\n"
            for d, v in zip(HOURS, V, strict=False)
        ),
        "h",
        "2024-01-01",
        [floats(V[:72])],
        {"target": ("column_5",)},
        name="a.txt",
    )


@case
def meteostat():
    return Case(
        "".join(
            f"{d:%Y-%m-%d},{d.hour},{v / 10},{(v - 40) / 10},{v % 100},,,,{w / 10},,{1000 + v / 10},,\n"
            for d, v, w in zip(HOURS, V, W, strict=False)
        ),
        "h",
        "2024-01-01",
        [[v / 10 for v in V[:72]]],
        {"target": ("column_3",)},
    )


@case
def open_meteo():
    return Case(
        "latitude,longitude,elevation,utc_offset_seconds,timezone,timezone_abbreviation\n48.2,16.37,171.0,0,GMT,GMT\n\n"
        + csv(
            "time,temperature_2m (°C),rain (mm)",
            [(f"{d:%Y-%m-%dT%H:%M}", v / 10, w / 100) for d, v, w in zip(HOURS, V, W, strict=False)],
        ),
        "h",
        "2024-01-01",
        [[v / 10 for v in V[:72]]],
        {"target": ("temperature_2m (°C)",)},
    )


@case
def nasa_power():
    return Case(
        "-BEGIN HEADER-\nNASA/POWER Source Native Resolution Daily Data \n"
        "Dates (month/day/year): 01/01/2024 through 01/28/2024 in LST\nLocation: latitude  48.2   longitude 16.37 \n"
        "The value for missing source data that cannot be computed or is outside of the sources availability range: -999 \n"
        "Parameter(s): \nT2M     MERRA-2 Temperature at 2 Meters (C) \n-END HEADER-\n"
        + csv(
            "YEAR,DOY,T2M",
            [
                (d.year, d.timetuple().tm_yday, "-999.0" if k == 27 else v / 10)
                for k, (d, v) in enumerate(zip(DAYS, V, strict=False))
            ],
        ),
        "D",
        "2024-01-01",
        [[v / 10 for v in V[:27]]],
    )


@case
def hadcrut():
    return Case(
        csv(
            "Time,Anomaly (deg C),Lower confidence limit (2.5%),Upper confidence limit (97.5%)",
            [(f"{d:%Y-%m}", v / 1000, v / 1000 - 0.1, v / 1000 + 0.1) for d, v in zip(MONTHS, V, strict=False)],
        ),
        "MS",
        "2020-01-01",
        [[v / 1000 for v in V[:48]]],
        {"target": ("Anomaly (deg C)",)},
    )


@case
def mauna_loa():
    return Case(
        "# --------\n# USE OF NOAA GML DATA\n#            decimal       monthly    de-season  #days  st.dev\n"
        "#             date         average     alized\n"
        + "".join(
            f"{d.year:4d} {d.month:4d}    {d.year + (d.month - 0.5) / 12:.4f}      {v + 200.5:.2f}      {v + 201:.2f}"
            f"  {-1 if k < 9 else 25}   {'-9.99' if k < 9 else '0.55'}   {'-0.99' if k < 9 else '0.21'}\n"
            for k, (d, v) in enumerate(zip(MONTHS, V, strict=False))
        ),
        "MS",
        "2020-01-01",
        [[v + 200.5 for v in V[:48]]],
        {"target": ("column_4",)},
        name="co2.txt",
    )
