"""Detection of the single-byte encoding of text that is not UTF-8: Windows, Mac and DOS code pages."""

from __future__ import annotations

import itertools
import re
from functools import cache

from tsattn.data.reading.affixes import CURRENCY
from tsattn.data.reading.month_names import MONTHS, WEEKDAYS

# encodings of Latin letters, the most frequent first: of two that fit equally, the first is taken
LATIN = ("cp1252", "cp1250", "cp1254", "cp1257", "iso8859_2", "mac_roman", "cp850", "cp852")
# encoding -> first and last letter of its script, and its ten most frequent letters
_SCRIPTS = {
    "cp1251": ("\u0400", "\u045f", "оеаинтсрвл"),
    "koi8_r": ("\u0400", "\u045f", "оеаинтсрвл"),
    "cp866": ("\u0400", "\u045f", "оеаинтсрвл"),
    "cp1253": ("\u0370", "\u03ff", "αάοόιίετσςνηήυύρ"),
    "cp1255": ("\u05d0", "\u05ea", "יוהלאתרמבש"),
}
# encodings that are guessed -> the text to name in a warning
GUESSED = {
    "cp1252": "Windows text",
    "cp932": "Japanese text",
    "cp949": "Korean text",
    "cp950": "Chinese text",
    **dict.fromkeys(("cp1250", "iso8859_2", "cp852"), "Central European text"),
    "cp1254": "Turkish text",
    "cp1257": "Baltic text",
    **dict.fromkeys(("cp1251", "koi8_r", "cp866"), "Cyrillic text"),
    "cp1253": "Greek text",
    "cp1255": "Hebrew text",
    "mac_roman": "Mac text",
    "cp850": "DOS text",
    "gb18030": "Chinese text",
}
SINGLE_BYTE = frozenset((*LATIN, *_SCRIPTS))
# letters beyond ASCII in each language that is written in an encoding; a look-ahead bounds where a letter may stand
_LETTERS: dict[str, tuple[str, ...]] = {
    "western": (
        *("äöüßéè", "àâæçéèêëîïôœùûüÿ", "áéíóúñüªº", "àèéìîòùº", "åäöéü", "æøåéöäü", "ëïéèöüê", "áðéíóúýþæö", "àçèéíïòóúü"),
        *("äõöü", r"ã(?=[oeisn]|$)|õ(?=e)|[áâàçéêíóôúüªº]"),
    ),
    "central": ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž", "äöüß"),
    "turkish": ("âçğıîöşüiû",),
    "baltic": ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž"),
}
_LANGUAGES = {
    **dict.fromkeys(("cp1252", "mac_roman", "cp850"), "western"),
    **dict.fromkeys(("cp1250", "iso8859_2", "cp852"), "central"),
    **{"cp1254": "turkish", "cp1257": "baltic"},
}
# frequent header words that an encoding of another language turns into other words
_HEADERS = (
    "sprzedaż wartość ilość zużycie przychód miesiąc średnia łącznie koszt województwo powiat zapłata płatność "
    "počet tržby množství měsíc čas období průměr částka výroba zákazníci prodej spotřeba součet množstvo výška priemer "
    "količina račun tečaj potrošnja časovna številka tržište prosječna cijena "
    "időpont időszak mennyiség összeg átlag fogyasztás eladás árbevétel hőmérséklet érték "
    "vânzări cantitate preţ dată lună perioadă valoare judeţ"
)
_TOKEN = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")
_BETWEEN = re.compile("[\u00a0«»–—…“”‘’•№€]")  # signs that stand between words in every language
_BEFORE, _BEHIND = "°¿¡§£±×·©®¥", "°§£±×·©®¥%‰"  # signs that may touch a word
_POWER = re.compile(r"(?:[NSkcmdµn]?m|ft|in|s|yd|mi)[²³][a-zA-Z]{0,3}")  # m³, m³h
_MOST = 2_000  # distinct words that are examined
_LEAST = 4  # letters that show a script
_REGULAR = 0.9  # least share of words with regular capitals
_FREQUENT = 0.5  # least share of the ten most frequent letters of a script
_KNOWN = 2  # weight of a word of a known meaning


def script_of(head: bytes) -> str | None:
    """Return the encoding of Cyrillic, Greek or Hebrew text, whose words have no ASCII letters; None for other text.

    Words must be capitalized, lower case or all capitals, and the script's most frequent letters must be frequent in them.
    """
    tokens = _tokens(head)
    scores = {encoding: _script_score(tokens, encoding) for encoding in _SCRIPTS}
    best = max(scores, key=lambda encoding: scores[encoding])
    return best if scores[best] >= _FREQUENT else None


def _script_score(tokens: list[bytes], encoding: str) -> float:
    """Return the share of frequent letters in the words of a script, times the share of the words that are words of it."""
    first, last, frequent = _SCRIPTS[encoding]
    words = [word for token in tokens for word in _BETWEEN.split(token.decode(encoding, "replace")) if not word.isascii()]
    good = [word for word in words if _is_word(word) and all(first <= letter <= last for letter in word)]
    letters = "".join(good).lower()
    if len(letters) < _LEAST or max(map(len, good)) < _LEAST - 1 or len(good) < _REGULAR * len(words):
        return 0.0
    return sum(letter in frequent for letter in letters) / len(letters)


def _is_word(word: str) -> bool:
    """Return True for letters of which none, all or the first are capitals."""
    return word.isalpha() and (word in (word.lower(), word.upper()) or word[1:] == word[1:].lower())


def latin_encoding_of(head: bytes) -> str | None:
    """Return the encoding of LATIN whose languages explain most words; None for cp1252.

    A word is explained if its letters beyond ASCII occur together in one language of the encoding. Names of months, weekdays
    and currencies and frequent header words count three times. Of encodings that explain equally many words, one with a language
    that explains all of them comes first.
    """
    tokens = _tokens(head)
    scores = {}
    for encoding in LATIN:
        words = _words(tokens, encoding)
        ways = [_languages_of(word, _LANGUAGES[encoding]) for word in words]
        strange = sum(not way for way in ways)
        known = sum(word.lower() in _vocabulary() for word in words)
        if encoding == "cp1252" or 2 * strange <= len(words):
            scores[encoding] = (_KNOWN * known - strange, not ways or bool(frozenset.intersection(*ways)))
    best = max(scores, key=lambda encoding: scores[encoding])  # the first of equals
    return None if best == "cp1252" else best


def _tokens(head: bytes) -> list[bytes]:
    """Return the distinct runs of letters and bytes beyond ASCII that have such bytes."""
    return list(dict.fromkeys(_TOKEN.findall(head)))[:_MOST]


def _words(tokens: list[bytes], encoding: str) -> list[str]:
    """Return the distinct words of two letters or more with one beyond ASCII, without powers of units such as m²."""
    parts = [part for token in tokens for part in _BETWEEN.split(token.decode(encoding, "replace"))]
    texts = [part.lstrip(_BEFORE).rstrip(_BEHIND) for part in parts]
    return [word for word in dict.fromkeys(texts) if len(word) > 1 and not word.isascii() and not _POWER.fullmatch(word)]


@cache
def _patterns(group: str) -> tuple[re.Pattern[str], ...]:
    """Return the pattern of the words of each language of a group."""
    return tuple(
        re.compile(rf"(?:[a-zµ]|{letters if letters.startswith('ã') else f'[{letters}]'})+") for letters in _LETTERS[group]
    )


def _languages_of(word: str, group: str) -> frozenset[int]:
    """Return the languages of a group that have all letters of a word; none for a word with a capital behind a small letter."""
    if not _is_cased(word):
        return frozenset()
    lower = word.replace("İ", "i").lower()
    return frozenset(k for k, pattern in enumerate(_patterns(group)) if pattern.fullmatch(lower))


def _is_cased(word: str) -> bool:
    """Return True unless a letter beyond ASCII is a capital behind a small letter."""
    return not any(one.islower() and other.isupper() and not other.isascii() for one, other in itertools.pairwise(word))


@cache
def _vocabulary() -> frozenset[str]:
    """Return words beyond ASCII: months, weekdays, currencies and frequent headers, in lower case."""
    names = " ".join((*MONTHS.values(), *WEEKDAYS.values(), _HEADERS)).replace("/", " ").split()
    signs = [sign for sign in CURRENCY.pattern.split("|") if sign.isalpha()]
    return frozenset(word for word in (*names, *map(str.lower, signs)) if not word.isascii())
