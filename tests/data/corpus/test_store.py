"""A corpus of Parquet files: what it holds, in bounded memory; what is said of files that are none."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.made_corpus import rows, write
from tsattn.data.corpus.store import Corpus
from tsattn.errors import ConfigError, DataError


def test_when_a_corpus_is_opened_then_every_series_reads_back(tmp_path):
    corpus, made = Corpus([write(tmp_path / "c.parquet")]), rows()
    assert len(corpus) == len(made)
    for item in reversed(range(len(made))):
        source, _, freq, values = made[item]
        assert (corpus.source(item), str(corpus.freq(item))) == (source, freq)
        np.testing.assert_array_equal(corpus.values(item), values.astype(np.float32))


def test_when_memory_is_small_then_the_same_values_are_read_and_no_more_is_kept(tmp_path):
    corpus = Corpus([write(tmp_path / "c.parquet", group=1)], memory=40_000)
    for item in np.random.default_rng(0).integers(0, len(corpus), 50):
        np.testing.assert_array_equal(corpus.values(item), rows()[item][3].astype(np.float32))
        assert len(corpus._kept) == 1 or sum(values.nbytes for values, _ in corpus._kept.values()) <= 40_000


def test_when_there_are_several_files_then_they_are_one_corpus(tmp_path):
    made = rows()
    paths = [write(tmp_path / "a.parquet", made[:6]), write(tmp_path / "b.parquet", made[6:])]
    corpus = Corpus(paths)
    assert [row["source"] for row in corpus.summary()] == ["power", "prices", "clinics", "wind"]
    np.testing.assert_array_equal(corpus.values(len(made) - 1), made[-1][3].astype(np.float32))


def test_when_one_value_changes_then_so_does_the_fingerprint(tmp_path):
    made = rows()
    first = Corpus([write(tmp_path / "a.parquet", made)]).fingerprint
    assert Corpus([write(tmp_path / "b.parquet", made, group=2)]).fingerprint != ""
    assert Corpus([write(tmp_path / "c.parquet", made)]).fingerprint == first
    made[3][3][17] += 1
    assert Corpus([write(tmp_path / "d.parquet", made)]).fingerprint != first


def test_when_a_series_never_changes_then_it_counts_for_nothing(tmp_path):
    corpus = Corpus([write(tmp_path / "c.parquet")])
    flat = [row[1] for row in rows()].index("flat")
    assert corpus.index.observed[flat] == 0
    assert corpus.index.length[flat] == 500


def test_when_values_are_null_or_infinite_then_they_are_missing(tmp_path):
    table = pa.table({"source": ["s"], "item_id": ["i"], "freq": ["h"], "values": pa.array([[1.0, None, float("inf"), 2.0]])})
    pq.write_table(table, tmp_path / "c.parquet")
    assert np.isnan(Corpus([tmp_path / "c.parquet"]).values(0)).tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"source": ["s"], "freq": ["h"], "values": [[1.0]]}, "item_id"),
        ({"source": ["s"], "item_id": ["i"], "freq": ["h"], "values": [1.0]}, "lists of numbers"),
        ({"source": ["s"], "item_id": [3], "freq": ["h"], "values": [[1.0]]}, "must be text"),
        ({"source": ["s"], "item_id": ["i"], "freq": ["fortnight"], "values": [[1.0]]}, "fortnight"),
        ({"source": ["s", None], "item_id": ["i", "j"], "freq": ["h", "h"], "values": [[1.0], [2.0]]}, "row 2"),
    ],
)
def test_when_a_file_is_no_corpus_then_the_error_names_the_file_and_the_fault(tmp_path, table, says):
    path = tmp_path / "wrong.parquet"
    pq.write_table(pa.table(table), path)
    with pytest.raises(DataError) as caught:
        Corpus([path])
    assert "wrong.parquet" in caught.value.message
    assert says in caught.value.message


def test_when_the_file_is_missing_or_of_another_kind_then_the_error_says_so(tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        Corpus([tmp_path / "none.parquet"])
    (tmp_path / "text.parquet").write_text("source,item_id\n")
    with pytest.raises(DataError, match="not a Parquet file"):
        Corpus([tmp_path / "text.parquet"])
