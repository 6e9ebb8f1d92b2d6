"""Double-byte encodings are told from each other and from Windows text."""

from __future__ import annotations

import pytest

from tsattn.data.reading.eastern_encodings import eastern_encoding
from tsattn.data.reading.text_encoding import encoding_of

TEXTS = {
    "cp932": "年月日時,気温の平均値,降水量\n東京,1月",
    "cp949": "시도별,시점,소비자물가지수\n전국,2020",
    "cp950": "測站,日期,測項\n豐原,雨量,氣溫,風向,相對濕度",
    "gb18030": "指标,居民消费价格指数\n2020年1月,食品类",
}


@pytest.mark.parametrize("encoding", TEXTS)
def test_the_encoding_of_eastern_text_is_found(encoding):
    assert eastern_encoding(TEXTS[encoding].encode(encoding)) == encoding


@pytest.mark.parametrize(
    "text",
    [
        "Straße;Größe;Übergänge ß ÄÖÜ äöü éèê ñ ç\n" * 3,
        "Périmètre\tDonnées temps réel\tÉolien – prévision «été» à l’heure\n" * 3,
        "Avläsning, förbrukning, å ä ö Å Ä Ö\n" * 5,
        "°C °F µg/m³ m² ½ § £ €",
    ],
)
def test_windows_text_is_no_eastern_text(text):
    assert eastern_encoding(text.encode("cp1252")) is None


def test_a_character_that_is_cut_off_at_the_end_does_not_matter():
    raw = (TEXTS["cp932"] * 20).encode("cp932")
    cut = next(k for k in range(len(raw) - 1, 0, -1) if raw[k] > 0x80)
    assert eastern_encoding(raw[:cut]) == "cp932"


def test_a_few_characters_suffice_if_windows_text_has_no_such_bytes():
    text = "2023/12/31 UPDATE\n\nDATE,TIME,実績(万kW)\n" + "2023/1/1,0:00,3641\n" * 20
    assert eastern_encoding(text.encode("cp932")) == "cp932"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Yıl,Şubat,Ağustos,Kasım\n", "cp1254"),
        ("Mánuður;Verð;Þyngd;ný\n", "cp1252"),
        ("Verð;Þyngd\n", "cp1252"),
        ("Größe;Übergänge;°C\n", "cp1252"),
    ],
)
def test_turkish_text_has_a_dotless_i_and_no_letters_of_other_languages(text, encoding):
    assert encoding_of(text.encode(encoding), "data.csv") == encoding
