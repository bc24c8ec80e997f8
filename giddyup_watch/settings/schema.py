"""Every setting, its default and what it may be; `config.example.toml` explains them."""

import datetime as dt
import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from giddyup_watch import errors

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


def _ready_mode(mode: str) -> str:
    if mode == "incremental":
        raise ValueError("'incremental' is not in this version yet: use 'refresh' or 'off'")
    return mode


_Int = Annotated[int, BeforeValidator(_number)]
_Float = Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)]
Percent = Annotated[_Float, Field(ge=0, le=100)]
Seconds = Annotated[_Float, Field(ge=0.1, le=7 * _DAY_SECONDS)]
SecondsOrNone = Annotated[_Float, Field(ge=0, le=7 * _DAY_SECONDS)]
Milliseconds = Annotated[_Int, Field(ge=10, le=_HOUR_MS)]
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


class Section(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=True
    )


class Master(Section):
    path: Annotated[Path, AfterValidator(_absolute)] | None = None
    regions: Folders = ("gb", "ire")
    codes: Folders = ("flat", "jumps")
    timezone: Annotated[str, AfterValidator(_timezone)] = "Europe/London"

    @property
    def tree(self) -> Path:
        """The master directory, for those who cannot do without one."""
        if self.path is None:
            raise errors.ConfigError(
                "master.path is not set: where is the tree?",
                hint="Give --master DIR, or set master.path in the settings.",
            )
        return self.path

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class Database(Section):
    url: Annotated[str, AfterValidator(_database_url)] = Field(default="", repr=False)
    lock_id: Annotated[_Int, Field(ge=1, le=_INT4_MAX)] = 123456789
    lock_timeout_ms: Milliseconds = 5000
    password: SecretStr = SecretStr("")

    @field_validator("password")
    @classmethod
    def _one_password(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if value.get_secret_value() and url_secrets(info.data.get("url", "")):
            raise ValueError("is given although database.url carries one too: keep one of them")
        return value


class Watch(Section):
    backend: Literal["auto", "inotify", "polling"] = "auto"
    quiet_ms: Annotated[_Int, Field(ge=0, le=_HOUR_MS)] = 500
    deadline_ms: Milliseconds = 5000
    rescan_seconds: Seconds = 5
    poll_ms: Milliseconds = 500
    orphan_seconds: SecondsOrNone = 60

    @field_validator("deadline_ms")
    @classmethod
    def _after_the_quiet(cls, value: int, info: ValidationInfo) -> int:
        quiet = info.data.get("quiet_ms", 0)
        if value < quiet:
            raise ValueError(f"must not be below watch.quiet_ms ({quiet}), but is {value}")
        return value


class Ingest(Section):
    vanished_rows: Literal["delete", "keep"] = "delete"
    shrink_guard_percent: Percent = 10
    reject_budget_percent: Percent = 1
    off_times: Literal["auto", "24h"] = "auto"
    keep_live_prices: bool = True
    keep_runs_days: Annotated[_Int, Field(ge=1, le=36_500)] = 400


class Derived(Section):
    mode: Annotated[Literal["refresh", "incremental", "off"], AfterValidator(_ready_mode)] = (
        "refresh"
    )
    min_interval_seconds: SecondsOrNone = 900


class Gaps(Section):
    interval_seconds: Seconds = 300
    window_days: Annotated[_Int, Field(ge=1, le=3660)] = 7
    result_grace_minutes: Annotated[_Float, Field(ge=0, le=1440)] = 60
    blank_days: MonthDays = ("12-24", "12-25")
    stale_hours: Annotated[_Float, Field(gt=0, le=8784)] = 36
    verify_at: Annotated[str, AfterValidator(_time_of_day)] = "04:00"


class Http(Section):
    listen: Annotated[str, AfterValidator(_listen)] = "127.0.0.1:9917"
    metrics_listen: Annotated[str, AfterValidator(_listen_or_empty)] = ""
    token: SecretStr = SecretStr("")

    @field_validator("token")
    @classmethod
    def _needed_off_loopback(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        token = value.get_secret_value()
        if not token.isprintable() or not token.isascii() or " " in token:
            raise ValueError("must be ASCII without spaces: it travels in a header")
        listen = info.data.get("listen")
        if listen and not token and not address(listen).is_loopback:
            raise ValueError(f"must be set, because http.listen ({listen}) is off loopback")
        return value

    @property
    def address(self) -> Address:
        return address(self.listen)

    @property
    def metrics_address(self) -> Address | None:
        """A listener of its own for the metrics; None: they are on `address`."""
        return address(self.metrics_listen) if self.metrics_listen else None


class Log(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"


class Settings(Section):
    """Everything an operator can decide, checked and frozen."""

    master: Master = Master()
    database: Database = Database()
    watch: Watch = Watch()
    ingest: Ingest = Ingest()
    derived: Derived = Derived()
    gaps: Gaps = Gaps()
    http: Http = Http()
    log: Log = Log()

    def flat(self) -> dict[str, Any]:
        """Every value by its dotted key, in the order of this file."""
        return {key: getattr(getattr(self, key.split(".")[0]), key.split(".")[1]) for key in KEYS}


def _keys() -> tuple[str, ...]:
    return tuple(
        f"{section}.{name}"
        for section, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
        for name in field.annotation.model_fields
    )


#: Dotted names of all settings.
KEYS = _keys()

#: Settings whose whole value is a secret; `database.url` may carry one besides.
SECRET_KEYS = frozenset({"database.password", "http.token"})
