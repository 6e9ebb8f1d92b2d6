"""Files of other formats: recognised by their first bytes or lines, and refused with the way to convert them."""

from __future__ import annotations

import re

from tsattn.errors import DataError

_SAVE = "save it as CSV (UTF-8) or Parquet, and pass that file"
_PANDAS = "convert it with Python: pandas.read_{}('FILE').to_csv('data.csv', index=False)"
_UNPACK = "unpack it, and pass the file or the folder"
# first bytes -> (the format, what to do); to add a format, add a line
_MAGIC: dict[bytes, tuple[str, str]] = {
    b"\xd0\xcf\x11\xe0": ("an old Excel file", _SAVE),
    b"%PDF": ("a PDF", _SAVE),
    b"SQLite format 3": ("an SQLite database", 'export the table: sqlite3 -header -csv FILE "select * from TABLE" > data.csv'),
    b"\x89HDF": ("an HDF5 file", _PANDAS.format("hdf")),
    b"FEA1": ("a Feather file of version 1", _PANDAS.format("feather")),
    b"ORC": ("an ORC file", _PANDAS.format("orc")),
    b"CDF": ("a NetCDF file", "convert it with Python: xarray.open_dataset('FILE').to_dataframe().to_csv('data.csv')"),
    b"GRIB": ("a GRIB file", "convert it with Python: xarray.open_dataset('FILE').to_dataframe().to_csv('data.csv')"),
    b"\x93NUMPY": ("a NumPy array", "save it with a column of timestamps as CSV or Parquet"),
    b"Obj\x01": ("an Avro file", _SAVE),
    b"7z\xbc\xaf": ("a 7z archive", _UNPACK),
    b"Rar!": ("a RAR archive", _UNPACK),
    b"RDX": ("an R workspace", "write the table in R: write.csv(TABLE, 'data.csv', row.names = FALSE)"),
    b"<stata_dta>": ("a Stata file", _PANDAS.format("stata")),
    b"$FL2": ("an SPSS file", _PANDAS.format("spss")),
    b"MATLAB": ("a MATLAB file", "write the table in MATLAB: writetimetable(TABLE, 'data.csv')"),
    b"\xff\xd8\xff": ("an image (JPEG)", "pass the data behind the image as CSV"),
    b"\x89PNG": ("an image (PNG)", "pass the data behind the image as CSV"),
}
_OLD_STATA = re.compile(rb"[\x69-\x73][\x01\x02]\x01\x00")  # release 105 to 115, byte order, type
_PICKLE = re.compile(rb"\x80[\x02-\x05](?:\x95|\x63|\})")
_TAR = 257  # place of the mark "ustar" in a tar file
HEAD = 512  # bytes from which a format is known

_SYSSTAT = "write it as CSV: sadf -d FILE -- -u > data.csv"
_INFLUX = "export CSV: influx query --raw, or influx -format csv"
# (the format, what to do, pattern of its first lines); to add a format, add a line
_TEXTS: tuple[tuple[str, str, re.Pattern[str]], ...] = tuple(
    (what, hint, re.compile(pattern, re.I | re.M))
    for what, hint, pattern in (
        (
            "a web page (HTML)",
            "download the data itself; or open the page in a spreadsheet and save the table as CSV (UTF-8)",
            r"\A\s*(?:<!doctype html|<html\b|<head\b|<table\b)",
        ),
        (
            "an XML document",
            "export CSV or JSON from its source; or open it in a spreadsheet and save it as CSV",
            r"\A\s*<\?xml\b",
        ),
        (
            "JSON in a call of a JavaScript function (JSONP)",
            "remove the call around the JSON, or ask the source for plain JSON or CSV",
            r"\A\s*(?:/\*.*\*/\s*)?[\w$.]+\(\s*[{\[]",
        ),
        ("a Git LFS pointer", "fetch the data: git lfs pull", r"\Aversion https://git-lfs\."),
        (
            "an SQL dump",
            "export the table from the database: psql -c \"\\copy TABLE to 'data.csv' csv header\", for example",
            r"^(?:-- (?:PostgreSQL|MySQL|MariaDB).* dump|COPY \S+ \(.*\) FROM stdin;|INSERT INTO \S+|CREATE TABLE )",
        ),
        (
            "a NEM12 meter file",
            "convert it to CSV: nemreader output-csv FILE, for example (pip install nemreader)",
            r"\A\s*100,NEM1[23],",
        ),
        (
            "a GHCN-Daily file with one month of a station per line, in fixed-width columns",
            "download the station as CSV (GHCND access/STATION.csv)",
            r"\A[A-Z]{2}[A-Z0-9]{9}(?:1[789]|20)\d\d[01]\d[A-Z]{4}(?:[ \d-]{5}.{3}){20}",
        ),
        ("the output of sar or iostat", _SYSSTAT, r"\A\s*(?:Linux|AIX|SunOS) \d.*(?:CPU\)|_x86_64_|_aarch64_|_amd64_)"),
        (
            "InfluxDB line protocol",
            _INFLUX,
            r"\A(?:#.*\n)*[\w.\\-]+(?:,[^=,\s]+=[^\s,]+)* [^=\s,]+=[^\s,]+(?:,[^=\s,]+=[^\s,]+)* \d{10,19}\s*$",
        ),
        (
            "Graphite's raw format, with one series per line",
            "request JSON or CSV: format=json or format=csv in the URL of /render",
            r"\A[^|\n]+,\d{9,11},\d{9,11},\d+\|",
        ),
        (
            "Prometheus metrics at one point in time",
            "query a range: the API /api/v1/query_range returns JSON that tsattn reads",
            r"^# TYPE \w+ (?:counter|gauge|histogram|summary|untyped)\s*$",
        ),
        (
            "a .tsf or .ts file, with one series per line below @data",
            "write one row per timestamp: a column of timestamps, one of values and one that names the series",
            r"^@(?:frequency|horizon|problemname|univariate|equallength|timestamps)\b",
        ),
        (
            "a log of key=value pairs",
            "write the pairs as columns of a CSV file, or as JSON Lines",
            r"\A(?:[\w.]+=(?:\"[^\"]*\"|[^\s,;]*)[ \t]+){2,}[\w.]+=\S*\s*$",
        ),
        (
            "records of several lines (Name: value)",
            "write one row per record, with the names as the header",
            r"\A\s*(?P<name>[A-Za-z][\w ]{0,30}): \S.*\n(?:[A-Za-z][\w ]{0,30}: .*\n){1,12}\s*\n(?P=name): ",
        ),
    )
)
_LINES = 40  # first lines of a text in which a format is looked for


def stop_at_foreign_bytes(head: bytes, name: str) -> None:
    """Raise DataError if a file that begins with these bytes, HEAD or more, is in a binary format that is not read."""
    found = next((told for magic, told in _MAGIC.items() if head.startswith(magic)), None)
    if found is None and head[_TAR : _TAR + 5] == b"ustar":
        found = ("a tar archive", _UNPACK)
    if found is None and _OLD_STATA.match(head):
        found = _MAGIC[b"<stata_dta>"]
    if found is None and _PICKLE.match(head):
        found = ("a Python pickle", "save the table with to_csv or to_parquet")
    if found is not None:
        raise DataError(f"{name}: this is {found[0]}, not a table of text", found[1].replace("FILE", name))


def stop_at_foreign_text(text: str, name: str) -> None:
    """Raise DataError if the first lines of a text are those of a format that is not read."""
    first = "".join(text.splitlines(keepends=True)[:_LINES])
    for what, hint, pattern in _TEXTS:
        if pattern.search(first):
            raise DataError(f"{name}: this is {what}, not a table of text", hint.replace("FILE", name))
