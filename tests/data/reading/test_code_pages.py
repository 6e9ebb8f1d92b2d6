"""Code pages are told from each other by the letters of their languages, and from Windows text."""

from __future__ import annotations

import pytest

from tsattn.data.reading.text_encoding import encoding_of

WORDS = {
    "cp1250": "Data;Sprzedaż;Wartość\n1.1.2024;1 234,50 zł;3\n",
    "cp1251": "Месяц;Продажи, тыс. руб.\nЯнварь 2015;1\n",
    "koi8_r": "Дата;Значение\n2024-01-01;1\n",
    "cp866": "Дата;Значение\n2024-01-01;1\n",
    "cp1253": "Ημερομηνία;Τιμή\n2024-01-01;1\n",
    "cp1255": "תאריך;ערך\n2024-01-01;1\n",
    "cp1257": "Mėnuo;rugsėjis;Birželio suma\n",
    "mac_roman": "Date;Qté vendue;Coût\n",
    "cp850": "Datum;Größe;Märkte\n",
    "cp852": "Miesiąc;Sprzedaż\n",
    "iso8859_2": "Měsíc;Částka;Tržby\n",
}


@pytest.mark.parametrize("encoding", WORDS)
def test_a_code_page_is_found_by_the_letters_of_its_languages(encoding):
    assert encoding_of(WORDS[encoding].encode(encoding), "data.csv") == encoding


@pytest.mark.parametrize(
    "text",
    [
        "Měsíc;Tržby (tis. Kč);Zákazníci\n01/2015;1\xa0000;3\n",
        "Idő;Időpont;Érték\n",
        "Dátum;Időpont;Összeg\n",
        "Datum;Količina;Mjesečni iznos\n",
        "Lună;Vânzări;Preţ\n",
    ],
)
def test_central_european_text_is_read_as_such(text):
    assert encoding_of(text.encode("cp1250"), "data.csv") == "cp1250"


@pytest.mark.parametrize(
    "text",
    [
        "Date;Durchfluss (m³/s);Fläche m²;Temp °C;Zähler_m³h\n",
        "Fecha;Precio (£k);Año\n2024;1\xa0234,50 €\n",
        "Data;Média;Previsão;Ações\n",
        "Date;à;Où;Prévu\n",
        "Land;Perú;México;España;Österreich;Côte d’Ivoire;Curaçao;Åland\n",
        "Datum;Försäljning;Kött\n",
        "Kuupäev;Võimsus;Õhuniiskus\n",
        "Price in £;¥C\n",
    ],
)
def test_western_text_stays_windows_text(text):
    assert encoding_of(text.encode("cp1252"), "data.csv") == "cp1252"
