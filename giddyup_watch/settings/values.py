"""What single values may be: types with their limits, and the checks behind them."""

import datetime as dt
import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal, NamedTuple
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field

#: The word for `database.url` that means a server of our own in the state directory.
EMBEDDED = "embedded"

_INT4_MAX = 2**31 - 1
_DAY_SECONDS = 86_400
_HOUR_MS = 3_600_000
_FOLDER = re.compile(r"[a-z0-9][a-z0-9 _-]*")
_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:\[\]/@]+):(?P<port>[0-9]{1,5})")
_URL = re.compile(
    r"postgres(ql)?://(?:[^:@/?#]*(?::(?P<password>[^@/?#]*))?@)?[^@?#\s]*(?:\?(?P<query>[^\s]*))?"
)
_URL_SECRETS = ("password", "sslpassword")


class Address(NamedTuple):
    """Where a listener is bound; port 0 leaves the choice to the kernel."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def address(text: str) -> Address:
    """Raise ValueError unless `text` is `host:port`, an IPv6 host in brackets."""
    match = _HOST_AND_PORT.fullmatch(text)
    if match is None or int(match["port"]) > 65_535:
        raise ValueError(f"must be host:port, like 127.0.0.1:9917, not {text!r}")
    return Address(match["host"].strip("[]"), int(match["port"]))


def url_secrets(url: str) -> tuple[str, ...]:
    """Passwords that a libpq URL carries, as written and decoded; never raises."""
    match = _URL.match(url)
    if match is None:
        return ()
    written = [match["password"] or ""]
    for pair in (match["query"] or "").split("&"):
        name, _, value = pair.partition("=")
        if name in _URL_SECRETS:
            written.append(value)
    return tuple(dict.fromkeys(form for w in written if w for form in (w, unquote(w))))


def _number(value: object) -> object:
    """TOML's true is no number, though Python's is."""
    if isinstance(value, bool):
        raise ValueError("must be a number")  # noqa: TRY004  pydantic collects ValueError only
    return value


def _listed(value: object) -> object:
    """An environment variable writes a list as `gb, ire`."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError("must not name anything twice")
    return values


def _folder(name: str) -> str:
    if not _FOLDER.fullmatch(name):
        raise ValueError(f"must be the name of a folder in lower case, not {name!r}")
    return name


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError) as exc:
        raise ValueError(f"{name!r} is no time zone, like Europe/London") from exc
    return name


def _month_and_day(text: str) -> str:
    try:
        dt.date.fromisoformat(f"2024-{text}")  # a leap year: 02-29 is a day
    except ValueError as exc:
        raise ValueError(f"must be month and day, like 12-25, not {text!r}") from exc
    return text


def _time_of_day(text: str) -> str:
    if text and not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise ValueError(f"must be a time of day, like 04:00, or empty, not {text!r}")
    return text


def _listen(text: str) -> str:
    address(text)
    return text


def _listen_or_empty(text: str) -> str:
    return _listen(text) if text else text


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError(f"must be an absolute path, not {str(path)!r}")
    return path


def _database_url(url: str) -> str:
    if url not in ("", EMBEDDED) and not _URL.fullmatch(url):
        raise ValueError(f"must be a URL, like postgresql://user@host/name, or {EMBEDDED!r}")
    return url


Int = Annotated[int, BeforeValidator(_number)]
Float = Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)]

Percent = Annotated[Float, Field(ge=0, le=100)]
Seconds = Annotated[Float, Field(ge=0.1, le=7 * _DAY_SECONDS)]
SecondsOrNone = Annotated[Float, Field(ge=0, le=7 * _DAY_SECONDS)]
Milliseconds = Annotated[Int, Field(ge=10, le=_HOUR_MS)]
MillisecondsOrNone = Annotated[Int, Field(ge=0, le=_HOUR_MS)]
LockId = Annotated[Int, Field(ge=1, le=_INT4_MAX)]

AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
Listen = Annotated[str, AfterValidator(_listen)]
ListenOrEmpty = Annotated[str, AfterValidator(_listen_or_empty)]
DerivedMode = Literal["refresh", "incremental", "off"]
Folders = Annotated[
    tuple[Annotated[str, AfterValidator(_folder)], ...],
    BeforeValidator(_listed),
    Field(min_length=1),
    AfterValidator(_distinct),
]
MonthDays = Annotated[
    tuple[Annotated[str, AfterValidator(_month_and_day)], ...],
    BeforeValidator(_listed),
    AfterValidator(_distinct),
]
