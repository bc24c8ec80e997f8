"""Every setting, its default and what it may be; `config.example.toml` explains them."""

from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator

from giddyup_watch import errors
from giddyup_watch.settings.values import (
    AbsolutePath,
    Address,
    DatabaseUrl,
    DerivedMode,
    Float,
    Folders,
    Int,
    Listen,
    ListenOrEmpty,
    LockId,
    Milliseconds,
    MillisecondsOrNone,
    MonthDays,
    Percent,
    Seconds,
    SecondsOrNone,
    TimeOfDay,
    TimeZone,
    address,
    url_secrets,
)


class Section(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=True
    )


class Master(Section):
    path: AbsolutePath | None = None
    regions: Folders = ("gb", "ire")
    codes: Folders = ("flat", "jumps")
    timezone: TimeZone = "Europe/London"

    @property
    def tree(self) -> Path:
        """The master directory, for those who cannot do without one."""
        if self.path is None:
            raise errors.ConfigError(
                "master.path is not set: where is the tree?",
                hint="give --master DIR, or set master.path in the settings",
            )
        return self.path

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class Database(Section):
    url: DatabaseUrl = Field(default="", repr=False)
    lock_id: LockId = 123456789
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
    quiet_ms: MillisecondsOrNone = 500
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
    keep_runs_days: Annotated[Int, Field(ge=1, le=36_500)] = 400


class Derived(Section):
    mode: DerivedMode = "refresh"
    min_interval_seconds: SecondsOrNone = 900


class Gaps(Section):
    interval_seconds: Seconds = 300
    window_days: Annotated[Int, Field(ge=1, le=3660)] = 7
    result_grace_minutes: Annotated[Float, Field(ge=0, le=1440)] = 60
    blank_days: MonthDays = ("12-24", "12-25")
    stale_hours: Annotated[Float, Field(gt=0, le=8784)] = 36
    verify_at: TimeOfDay = "04:00"


class Http(Section):
    listen: Listen = "127.0.0.1:9917"
    metrics_listen: ListenOrEmpty = ""
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
