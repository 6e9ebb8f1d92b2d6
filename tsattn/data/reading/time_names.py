"""Column names that mean time, in the languages of Europe."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Container

# part of a timestamp -> the words that name it (lower case, without accents); add a language by adding its words
PARTS: dict[str, str] = {
    "year": "year yr yyyy jahr annee an annees ano anio anno jaar rok ar aar vuosi yil godina leto ev metai gads aasta years ετος"
    " год рік година 年 年份 年度 연도",
    "month": "month mon mo mm mth mnth mois monat mes mese maand miesiac manad maned kuukausi ay mesic"
    " mesec mjesec mesiac honap menuo menesis kuu μηνας месяц месец місяць 月 月份 年月 연월"
    " महीना माह ماه חודש เดือน",
    "quarter": "quarter qtr quartal trimestre kwartaal kwartal kvartal neljannes ceyrek квартал 季度",
    "half": "half halfyear semester semestre halbjahr",
    "week": "week wk woche kw semaine semana settimana isoweek weekofyear weeknumber weekno vecka uge viikko hafta tydzien ww"
    " неделя 週",
    "day_of_year": "doy dayofyear yday jday julianday ddd julian",
    "day": "day dd dy dom mday dayofmonth tag jour dia giorno dag dzien paiva gun den",
    "hour": "hour hours hr hh stunde stunden heure heures hora horas ora uur godzina saat timme he hourending"
    " hourbeginning hrs hod tunti 時 时",
    "minute": "minute mins mn minuto minut minuut dakika",
    "second": "second ss sekunde seconde secondo segundo",
    "date": "date dates datum fecha data dato paivamaara paivays pvm tarih datestr calday refdate asof datenum"
    " дата 日付 年月日 日期 날짜 일자 วันที่ ημερομηνία تاریخ التاريخ תאריך दिनांक"
    " mdate qdate wdate ddate erdat",
    "time": "time zeit uhrzeit heure hora ora tijd tid klokkeslett saat czas godzina aika kello clock hhmm hrmn hhmmss klo"
    " время час 時間 时间 시간 時間帯 erzet ωρα idopont kellaaeg laiks laikas vrijeme vreme שעה الوقت เวลา समय ساعت زمان waktu",
    "moment": "timestamp datetime dt ds ts tstamp fechahora zeitstempel zeitpunkt horodate horodatage datahora dataora"
    " tidpunkt tidspunkt aikaleima tijdstip timepoint mtu interval 日時 일시",
    "epoch": "epoch unix unixtime",
    "period": "period periodo periodos periode perioden perioder zeitraum periodi okres 시점 時点 yearmonth yearweek yyyymm"
    " yyyymmdd yymmdd aammdd jjmmtt yyyyww yyyyddd yearmon yearqtr",
    "zone": "zone tz timezone zeitzone fuseau",
}
NAMES = 1 << 18  # column names in the cache: each check looks them up again, also in a table of 200,000 columns
# ends of compound words and the words they stand for: Buchungsdatum, Meldewoche; Vorjahr is not a year of its own row
_COMPOUNDS = {
    "datum": "datum",
    "zeitstempel": "datum",
    "zeitpunkt": "datum",
    "woche": "woche",
    "monat": "monat",
    "jahr": "jahr",
} | {ending: ending for ending in ("日期", "日付", "年月", "時間", "时间", "날짜", "일자")}
_DATE_PATTERN = re.compile(r"(?:dt)?(?:yyyy|aaaa|jjjj|rrrr)mm(?:dd|jj|tt)?(?:hh|uu)?(?:mi|mn|mm)?(?:ss)?")  # AAAAMMJJ, YYYYMMDDHH


def plain(text: str) -> str:
    """Lower case without accents: "Année" -> "annee", and without the vowel signs of Thai and Indian scripts."""
    if text.isascii():
        return text.lower()
    low = (
        text.replace("ı", "i").replace("İ", "i").lower().replace("ø", "o").replace("ł", "l").replace("æ", "ae").replace("ß", "ss")
    )
    return "".join(c for c in unicodedata.normalize("NFKD", low) if not unicodedata.category(c).startswith("M"))


_PART_OF: dict[str, tuple[str, ...]] = {}
for _part, _words in PARTS.items():
    for _word in _words.split():
        _PART_OF[plain(_word)] = (*_PART_OF.get(plain(_word), ()), _part)
# words that also mean something else: they mean time only where the values look like dates
_WEAK_WORDS = "data tag den an ar aar ay ev mon mo min mm dd dy ss he hh zone mn interval julian half dom second"
# words that make a measurement of a name: "travel time", "days open", "year count"
_MEASURE_WORDS = (
    "count sales avg mean average total duration elapsed spent per sum rate number num nb id ids by travel response lead wait "
    "waiting delay run runtime processing service age remaining delta diff price value cost amount type build built founded "
    "birth model production holiday weekday dayofweek"
)
_FILLER_WORDS = (
    "utc gmt local cet cest est edt the start begin beginning from of ending end observation obs record iso gps settlement "
    "fiscal calendar"
)
_SPAN_WORDS = (
    "lead worked working labor labour overtime travel duration elapsed spent wait waiting delay runtime processing response "
    "service total sum remaining age"
)
_START_WORDS = (
    "start started begin beginning from von ab beginn debut inicio inizio since van od fra desde da commencing weekstart "
    "wochenbeginn wochenstart"
)
_END_WORDS = "end ended ending to until till bis ende fin fine hasta stop stopped finish tot do til al a"
_SPANS = frozenset(_SPAN_WORDS.split())
_WEAK, _MEASURES, _FILLERS = (frozenset(words.split()) for words in (_WEAK_WORDS, _MEASURE_WORDS, _FILLER_WORDS))
_STARTS, _ENDS = (frozenset(words.split()) for words in (_START_WORDS, _END_WORDS))


@functools.lru_cache(NAMES)
def time_words(name: str) -> tuple[str, ...]:
    """The words of a column name, lower case and without accents."""
    spaced = re.sub(r"([a-z])([A-Z])", r"\1_\2", name)
    found = [w for w in re.split(r"[\W_]+", plain(spaced)) if w]
    return tuple(_simple(w) for w in found)


def _simple(word: str) -> str:
    """Return the word for time that a compound ends with, yyyymmdd for a pattern of a date, and other words unchanged."""
    if _DATE_PATTERN.fullmatch(word):
        return "yyyymmdd"
    if word.startswith("vor"):
        return word
    return next((plain_word for end, plain_word in _COMPOUNDS.items() if word.endswith(end)), word)


@functools.lru_cache(NAMES)
def parts_named(name: str) -> frozenset[str]:
    """The parts of a timestamp (keys of PARTS) that a column name may mean."""
    found = time_words(name)
    joined = "".join(found)
    if joined in _PART_OF:
        return frozenset(_PART_OF[joined])
    return frozenset(part for word in found for part in _PART_OF.get(word, ()))


@functools.lru_cache(NAMES)
def says_time(name: str) -> bool:
    """Return True when a column name holds a word for time and no word for a measurement."""
    found = {*time_words(name), "".join(time_words(name))}
    return not found.isdisjoint(_PART_OF) and not found & _MEASURES and parts_named(name) != {"zone"}


def says_span(name: str) -> bool:
    """Return True if a name contains a word for a duration, as lead_hours and hours_worked do."""
    return bool(set(time_words(name)) & _SPANS)


def says_start(name: str) -> bool:
    """Return True if a name has a word for the start of a span, and none for its end."""
    found = set(time_words(name))
    return bool(found & _STARTS) and not found & _ENDS


def says_end(name: str) -> bool:
    """Return True if a name has a word for the end of a span, and none for its start."""
    found = set(time_words(name))
    return bool(found & _ENDS) and not found & _STARTS


def says_something(name: str) -> bool:
    """Return False for names without a meaning: "", column_1, index, Unnamed: 0."""
    return not set(time_words(name)) <= {"column", "index", "unnamed", "x", "no", "name"} and any(
        len(w) > 1 and not w.isdigit() for w in time_words(name)
    )


def says_only_time(name: str) -> bool:
    """Return True when every word of a column name is a word for time that means nothing else."""
    found = time_words(name)
    if not found or not says_time(name):
        return False
    return all(w in _PART_OF or w in _FILLERS for w in found) and any(w in _PART_OF and w not in _WEAK for w in found)


def says_year(name: str) -> bool:
    return says_time(name) and "year" in parts_named(name)


def says_week(name: str) -> bool:
    found = set(time_words(name)) | {"".join(time_words(name))}
    return "week" in parts_named(name) or bool(found & {"yearweek", "yyyyww"})


def counts_named(name: str) -> str:
    """Return the key of numeric_dates.COUNTS that a name states, such as jd for HJD or minute for epoch_minutes; else "".

    "yymmdd" is returned for dates with a year of two digits.
    """
    found = set(time_words(name)) | {"".join(time_words(name))}
    if found & {"mjd", "modifiedjuliandate", "modifiedjulianday"}:
        return "mjd"
    if found & {"yymmdd", "aammdd", "jjmmtt"}:
        return "yymmdd"
    if found & {"jd", "hjd", "bjd", "juliandate", "julianday", "juliandaynumber"}:
        return "jd"
    if found & {"epoch", "unix"}:
        return next((unit for unit in ("minute", "hour", "day") if found & {unit, f"{unit}s"}), "")
    return ""


def timestamp_names(option: str | None, columns: Container[str]) -> list[str]:
    """The columns that --timestamp names: one, or several with commas between them."""
    if option in (None, "none"):
        return []
    names = [option] if option in columns else [n.strip() for n in option.split(",") if n.strip()]
    return names or [option]
