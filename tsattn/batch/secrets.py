"""Secrets of a job file: ${NAME} from the environment, and URLs without their passwords, tokens and query values."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from tsattn.errors import ConfigError

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_URL = re.compile(
    r"(?<![A-Za-z0-9+.-])(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)"
    r"(?P<login>(?:\$\{\w+\}|[^/\s?#'\"])*@)?(?P<rest>[^\s?#'\"]*)(?P<query>\?[^\s#'\"]*)?"
)
# a setting of a connection, as drivers print it: password=…, sslpassword = '…', passfile=…
_SECRET_KEY = r"\w*(?:passw(?:or)?d|passfile|pwd|token|secret|signature|credential|api_?key|sslkey)\w*"
_SETTING = re.compile(rf"(?<![\w?&])({_SECRET_KEY}\s*=\s*)(?!\$\{{)('[^']*'|\"[^\"]*\"|[^\s&;#,)]+)", re.IGNORECASE)
_IS_SECRET = re.compile(_SECRET_KEY, re.IGNORECASE)
_SHORTEST = 3  # characters of a query value that is no secret by its key: shorter ones are parts of ordinary words


def variables(text: str) -> list[str]:
    """Return the names of the ${NAME}s of a text."""
    return _VARIABLE.findall(text)


def expanded(text: str) -> str:
    """Return a text with its ${NAME}s filled in, percent-encoded where they stand before the @ of a URL.

    Raises ConfigError that names a variable which is not set.
    """
    login = text.find("@") if "://" in text else -1

    def value(found: re.Match[str]) -> str:
        name = found.group(1)
        if name not in os.environ:
            raise ConfigError(f"the environment variable {name} is not set", f"export {name}=… before tsattn run")
        inside = "://" in text[: found.start()] and found.end() <= login
        return quote(os.environ[name], safe="") if inside else os.environ[name]

    return _VARIABLE.sub(value, text)


def filled(text: str) -> str:
    """Return `expanded(text)`, or the text itself where a variable is not set."""
    try:
        return expanded(text)
    except ConfigError:
        return text


def shown(text: str) -> str:
    """Return a text for people: of each URL its scheme, host and path, and a login that is filled in from the environment.

    A login that is written out and the values of a query are left out.
    """
    return _SETTING.sub(r"\1***", _URL.sub(_without_secrets, text))


def _without_secrets(found: re.Match[str]) -> str:
    login, query = found["login"] or "", found["query"] or ""
    password = login[:-1].partition(":")[2] or login[:-1]
    kept = login if not login or _VARIABLE.fullmatch(password) else "***@"
    return f"{found['scheme']}{kept}{found['rest']}{'?***' if query else ''}"


class Redactor:
    """Replaces every value that came from the environment by ${NAME}, and every other secret by ***.

    Secrets are the logins and the query values of the URLs in `texts`, of those that the environment holds too.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        words: dict[str, str] = {}
        for text in list(texts):
            for name in sorted(set(variables(text))):
                words |= dict.fromkeys(_forms(os.environ.get(name, "")), f"${{{name}}}")
            for secret in _secrets_of(filled(text)):
                words = dict.fromkeys(_forms(secret), "***") | words
        self._words = sorted(words.items(), key=lambda pair: -len(pair[0]))

    def __call__(self, text: str) -> str:
        for secret, name in self._words:
            text = text.replace(secret, name)
        return shown(text)

    def within(self, value: Any) -> Any:
        """Return the value with all texts in it replaced, in lists and dicts too."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, list):
            return [self.within(one) for one in value]
        return {key: self.within(one) for key, one in value.items()} if isinstance(value, dict) else value


def _forms(value: str) -> set[str]:
    """Return the forms in which a value may be printed."""
    plain = {value, unquote(value), unquote_plus(value)}
    return {form for one in plain for form in (one, quote(one, safe=""), quote_plus(one), repr(one)[1:-1]) if form}


def _secrets_of(text: str) -> Iterator[str]:
    """The passwords, logins and query values of the URLs of a text."""
    for found in _URL.finditer(text):
        login = (found["login"] or "")[:-1]
        user, sign, password = login.partition(":")
        yield from (part for part in ([password] if sign else [user]) if part and not variables(part))
        for pair in re.split("[&;]", (found["query"] or "")[1:]):
            key, _, value = pair.partition("=")
            if value and not variables(value) and (_IS_SECRET.fullmatch(key) or len(value) >= _SHORTEST):
                yield value
