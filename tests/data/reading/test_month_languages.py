"""Names of months and of weekdays in many languages; names that mean different months in two of them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.data.reading.kinds import reader, series
from tsattn.data import arrow
from tsattn.data.reading.date_texts import parse_texts
from tsattn.data.reading.month_names import MONTHS, months_among
from tsattn.errors import DataError

CROATIAN = [
    "siječnja",
    "veljače",
    "ožujka",
    "travnja",
    "svibnja",
    "lipnja",
    "srpnja",
    "kolovoza",
    "rujna",
    "listopada",
    "studenoga",
    "prosinca",
]
POLISH = [
    "stycznia",
    "lutego",
    "marca",
    "kwietnia",
    "maja",
    "czerwca",
    "lipca",
    "sierpnia",
    "września",
    "października",
    "listopada",
    "grudnia",
]
ONE = {
    "3. siječnja 2023.": "2023-01-03",
    "3. siječnja 2023. 10:00": "2023-01-03T10",
    "sij 2022.": "2022-01-01",
    "2023 m. sausio 3 d.": "2023-01-03",
    "2022 m. vasaris": "2022-02-01",
    "2023. gada 3. janvāris": "2023-01-03",
    "2022. g. febr.": "2022-02-01",
    "2023(e)ko urtarrilaren 3(a)": "2023-01-03",
    "2 d’abril del 2023": "2023-04-02",
    "2 d’ag. 2023": "2023-08-02",
    "3 ta’ Jannar 2023": "2023-01-03",
    "Meán Fómhair 2022": "2022-09-01",
    "3 січня 2023 р.": "2023-01-03",
    "3 января 2023 г., 10:00": "2023-01-03T10",
    "3.01.23 г.": "2023-01-03",
    "2023 ж. 3 қаңтар": "2023-01-03",
    "2023 թ. հունվարի 3": "2023-01-03",
    "3-yanvar, 2023": "2023-01-03",
    "thg 2 2022": "2022-02-01",
    "ngày 03 tháng 01 năm 2023": "2023-01-03",
    "1kv 2022.": "2022-01-01",
    "2. кв. 2022": "2022-04-01",
    "2022년 3분기": "2022-07-01",
    "1.º trimestre de 2022": "2022-01-01",
    "2023年1月3日火曜日": "2023-01-03",
    "2023년 1월 3일 화요일": "2023-01-03",
}


def parsed(texts):
    found = parse_texts(arrow.strings(texts))
    assert not found.failed.any(), [t for t, bad in zip(texts, found.failed, strict=True) if bad]
    return found.wall


@pytest.mark.parametrize("text", ONE)
def test_a_date_in_words_is_read(text):
    assert parsed([text])[0] == np.datetime64(ONE[text], "us")


@pytest.mark.parametrize("language", MONTHS)
def test_dates_with_each_form_of_a_name_are_read(language):
    forms = [(month, form) for month, names in enumerate(MONTHS[language].split(), 1) for form in names.split("/")]
    walls = parsed([f"5. {form} 2023" for _, form in forms])
    assert walls.tolist() == [np.datetime64(f"2023-{month:02d}-05", "us").item() for month, _ in forms]


@pytest.mark.parametrize(("names", "month"), [(CROATIAN, 10), (POLISH, 11)])
def test_the_other_names_of_a_column_decide_what_listopad_means(names, month):
    wall = parsed([f"1. {name} 2023." for name in names])
    assert wall[names.index("listopada")] == np.datetime64(f"2023-{month:02d}-01", "us")


@pytest.mark.parametrize(("names", "numbers"), [(["lis"], {}), (["lip", "srp"], {"lip": 6, "srp": 7}), (["lip"], {})])
def test_a_name_of_two_months_is_read_only_where_the_languages_agree(names, numbers):
    assert months_among(names) == numbers


def test_a_file_of_one_month_with_two_meanings_stops(tmp_path):
    rows = "".join(f"{day}. listopada 2023.;{day}\n" for day in range(1, 31))
    with pytest.raises(DataError, match="listopada"):
        reader(tmp_path)(f"datum;vrijednost\n{rows}")


def test_a_pivot_with_croatian_months_has_october_before_november(tmp_path):
    names = [
        "siječanj",
        "veljača",
        "ožujak",
        "travanj",
        "svibanj",
        "lipanj",
        "srpanj",
        "kolovoz",
        "rujan",
        "listopad",
        "studeni",
        "prosinac",
    ]
    across = (
        "godina;"
        + ";".join(names)
        + "\n"
        + "".join(f"{2020 + year};" + ";".join(str(100 * year + month) for month in range(12)) + "\n" for year in range(3))
    )
    down = "mjesec;2020;2021;2022\n" + "".join(
        f"{name};" + ";".join(str(100 * year + month) for year in range(3)) + "\n" for month, name in enumerate(names)
    )
    for text in (across, down):
        panel, _ = reader(tmp_path)(text)
        assert series(panel) == [100 * year + month for year in range(3) for month in range(12)]


@pytest.mark.parametrize("write", ["{word}, {date}", "{word} {date}", "{date}, {word}"])
def test_weekdays_in_an_unknown_language_are_left_out(write):
    words = ["jumatatu", "jumanne", "jumatano", "alhamisi", "ijumaa", "jumamosi", "jumapili"]
    days = [np.datetime64("2024-01-01") + k for k in range(30)]
    texts = [write.format(word=words[k % 7], date=f"{d.item():%d.%m.%Y}") for k, d in enumerate(days)]
    assert parsed(texts).tolist() == [d.astype("datetime64[us]").item() for d in days]


def test_weekdays_decide_the_order_of_day_and_month(tmp_path):
    words = ["jumatatu", "jumanne", "jumatano", "alhamisi", "ijumaa", "jumamosi", "jumapili"]
    rows = "".join(f'"{words[(day + 2) % 7]}, {day:02d}/02/2024",{day}\n' for day in range(1, 13))
    panel, report = reader(tmp_path)("tarehe,v\n" + rows)
    assert (panel.freq.alias, report.first) == ("D", "2024-02-01")


def test_words_that_do_not_follow_the_week_are_no_weekdays():
    texts = [f"{word} {day:02d}.01.2024" for day in range(1, 15) for word in ("shop", "store")]
    assert parse_texts(arrow.strings(texts)).failed.all()


def test_a_weekday_before_a_year_is_no_date():
    assert parse_texts(arrow.strings(["seg 2023", "mon 2024"])).failed.all()


HINDI = ["जनवरी", "फ़रवरी", "मार्च", "अप्रैल", "मई", "जून", "जुलाई", "अगस्त", "सितंबर", "अक्टूबर", "नवंबर", "दिसंबर"]
PERSIAN = ["ژانویه", "فوریه", "مارس", "آوریل", "مه", "ژوئن", "ژوئیه", "اوت", "سپتامبر", "اکتبر", "نوامبر", "دسامبر"]


@pytest.mark.parametrize(("head", "names"), [("महीना,बिक्री", HINDI), ("ماه,فروش", PERSIAN)])
def test_months_in_scripts_with_vowel_signs_are_read(take, head, names):
    text = head + "\n" + "".join(f"{names[k % 12]} {2019 + k // 12},{100 + k}\n" for k in range(36))
    panel, report = take(text)
    assert (panel.freq.alias, report.first) == ("MS", "2019-01-01")
    assert series(panel) == [100 + k for k in range(36)]


@pytest.mark.parametrize("form", ["{name} {year}", "{year} {name}"])
def test_words_that_recur_each_year_are_unknown_months_not_rows_to_number(take, form):
    names = ["फाल्गुन", "चैत्र", "वैशाख", "ज्येष्ठ", "आषाढ", "श्रावण"]
    text = "x,sales\n" + "".join(form.format(name=names[k % 6], year=2019 + k // 6) + f",{100 + k}\n" for k in range(24))
    with pytest.raises(DataError, match="is not a date in a known format"):
        take(text)
