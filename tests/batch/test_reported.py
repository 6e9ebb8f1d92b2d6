"""New anomalies and reported ones, by the order of cutoffs; what the records keep of them, and how much."""

from __future__ import annotations

import os

import pytest

from tsattn.batch import records as sqlite_records
from tsattn.batch import shared_records
from tsattn.batch.records import Records
from tsattn.batch.reported import Cutoffs, Key, Reported
from tsattn.batch.shared_records import SharedRecords, records_of


def key(at: int, item: str = "a", kind: str = "above") -> Key:
    return Key(item, at, kind)


def report(records: Records | SharedRecords, cutoff: int, *keys: Key, job: str = "j") -> list[bool]:
    """Record a run that found these anomalies: which of them are new."""
    reported = Reported(cutoff, records.anomalies(job, 0))
    records.end(records.begin(job, None, os.getpid()), {"status": "done"}, reported.after(keys))
    return [reported.is_new(one) for one in keys]


def test_when_an_anomaly_was_reported_then_it_is_new_no_more_unless_its_series_time_or_kind_differs(records):
    assert report(records, 10, key(9)) == [True]
    assert report(records, 11, key(9), key(11), key(9, "b"), key(9, kind="flat")) == [False, True, True, True]
    assert report(records, 11, key(9), job="other") == [True]


def test_when_a_run_is_repeated_or_made_up_for_then_the_same_anomalies_are_new(records):
    assert report(records, 10, key(9)) == [True]
    for cutoff in (12, 12, 11, 11):
        assert report(records, cutoff, key(9), key(11)) == [False, True]
    assert report(records, 12, key(9), key(11)) == [False, False], "the run made up for has reported both"


def test_when_a_run_is_repeated_then_what_it_reported_is_no_longer_unseen(records):
    report(records, 10, key(9))
    again = Reported(10, records.anomalies("j", 0))
    assert again.is_new(key(9))
    assert not again.is_unseen(key(9))


def test_when_only_later_times_are_asked_for_then_earlier_ones_are_not_read(records):
    report(records, 10, key(3), key(9))
    assert records.anomalies("j", 4) == {key(9): Cutoffs(10, 10)}
    assert records.anomalies("j", 10) == {}


def test_when_there_are_many_then_those_found_least_recently_go_and_those_of_the_newest_run_stay(records, monkeypatch):
    for module in (sqlite_records, shared_records):
        monkeypatch.setattr(module, "KEPT", 3)
    report(records, 1, key(1), job="other")
    for cutoff in range(1, 9):
        report(records, cutoff, key(cutoff), key(100))
    assert sorted(one.at for one in records.anomalies("j", 0)) == [6, 7, 8, 100]
    report(records, 9, *map(key, range(20, 30)))
    assert sorted(one.at for one in records.anomalies("j", 0)) == list(range(20, 30))
    assert list(records.anomalies("other", 0)) == [key(1)]


def test_when_the_name_of_the_shared_table_is_long_then_that_of_the_anomalies_fits_a_database(tmp_path):
    pytest.importorskip("sqlalchemy", reason="needs SQLAlchemy: pip install 'tsattn[sql]'")
    long = records_of(tmp_path, f"sqlite:///{tmp_path / 'ops.db'}#{'ü' * 31}")
    assert report(long, 10, key(9)) == [True]
    assert isinstance(long, SharedRecords)
    assert len(long._anomalies().name.encode()) <= 63
