"""What the API takes."""

import datetime as dt
import re
from typing import Annotated, Any, Literal, NamedTuple, Self, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from giddyup_watch.model import Accept

#: A run's days lie between these; no racing is older, and no set of them too large to hold.
FIRST_DAY, LAST_DAY = dt.date(1900, 1, 1), dt.date(2199, 12, 31)
MOST_DATES = 1000
ID_MAX = 2**63 - 1
MONTH = r"^[0-9]{4}-(0[1-9]|1[0-2])$"

_DIGITS = re.compile(r"-?[0-9]+")
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ISO_DAY_OR_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}(-[0-9]{2})?")


def _iso(value: object) -> object:
    """JSON knows no dates: only YYYY-MM-DD is one here, no timestamp and no number."""
    if not isinstance(value, str) or not _ISO_DAY.fullmatch(value):
        raise ValueError("must be a date, like 2025-10-13")
    day = dt.date.fromisoformat(value)
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"must lie between {FIRST_DAY} and {LAST_DAY}")
    return day


def _iso_or_word(value: object) -> object:
    if value not in ("today", "yesterday"):
        _iso(value)
    return value


def _when(value: str) -> str:
    """A day or a month, as it is written everywhere; whether there is such a day, `why` finds."""
    if value not in ("today", "yesterday"):
        if not _ISO_DAY_OR_MONTH.fullmatch(value):
            raise ValueError("must be a day or a month, like 2025-10-13 or 2025-10")
        _iso(value if len(value) > len("2025-10") else f"{value}-01")
    return value


def _whole(value: object) -> object:
    """JSON knows one kind of number: 7200.0 is as whole as 7200."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _digits(value: object) -> object:
    """In a path or a query a number is its digits; int() takes blanks, form feeds, 4_3 and more."""
    if isinstance(value, str) and not _DIGITS.fullmatch(value):
        raise ValueError("must be a whole number, like 43")
    return value


def _folders(value: object) -> object:
    if isinstance(value, list) and len({str(one) for one in value}) != len(value):
        raise ValueError("must not name anything twice")
    return value


_DAY_SCHEMA: dict[str, Any] = {
    "type": "string",
    "format": "date",
    "pattern": "^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}$",
}
_MONTH_SCHEMA: dict[str, Any] = {
    "type": "string",
    "pattern": "^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$",
}
_WORDS_SCHEMA: dict[str, Any] = {"type": "string", "enum": ["today", "yesterday"]}

#: After the bounds of a number, which belong to the number and not to its text: the document loses
#: them otherwise.
Digits = BeforeValidator(_digits)
Id = Annotated[int, Field(ge=1, le=ID_MAX), Digits]
Year = Annotated[int, Field(ge=1900, le=2199), Digits]
Day = Annotated[dt.date, BeforeValidator(_iso), WithJsonSchema(_DAY_SCHEMA)]
When = Annotated[
    str,
    AfterValidator(_when),
    WithJsonSchema({"anyOf": [_DAY_SCHEMA, _MONTH_SCHEMA, _WORDS_SCHEMA]}),
]
DayOrWord = Annotated[Day | Literal["today", "yesterday"], BeforeValidator(_iso_or_word)]
Names = Annotated[
    list[str],
    BeforeValidator(_folders),
    Field(min_length=1, json_schema_extra={"uniqueItems": True}),
]


class Folders(NamedTuple):
    """The regions and codes that can be asked for."""

    regions: tuple[str, ...]
    codes: tuple[str, ...]


def one_of(names: tuple[str, ...]) -> Any:
    """The type of these names: they come from the settings, and stand in the document."""
    return cast("Any", Literal)[names]


class Form(BaseModel):
    """What is sent: unknown keys are mistakes, and nothing is taken for something else."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)


class Span(Form):
    first: Day = Field(alias="from", description="first day")
    last: Day = Field(alias="to", description="last day, included")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first > self.last:
            raise ValueError(f"from {self.first} is after to {self.last}")
        return self


_NULL: dict[str, Any] = {"type": "null"}
_A_LIST: dict[str, Any] = {"type": "array"}
_AN_OBJECT: dict[str, Any] = {"type": "object"}


class RunRequest(Form):
    """Days to load; `dates` or `range`, one of them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"regions": ["gb"], "codes": ["flat"], "dates": ["today"]},
                {
                    "regions": ["gb", "ire"],
                    "codes": ["flat", "jumps"],
                    "range": {"from": "2025-09-01", "to": "2025-09-30"},
                    "force": True,
                },
            ],
            "oneOf": [
                {"required": ["dates"], "properties": {"dates": _A_LIST, "range": _NULL}},
                {"required": ["range"], "properties": {"dates": _NULL, "range": _AN_OBJECT}},
            ],
        }
    )

    regions: Names = Field(description="regions, as the folders are named")
    codes: Names = Field(description="codes, as the folders are named")
    dates: Annotated[list[DayOrWord], Field(min_length=1, max_length=MOST_DATES)] | None = Field(
        None, description="days; today and yesterday are those of master.timezone"
    )
    range: Span | None = Field(
        None, validate_default=True, description="first and last day; it may span years"
    )
    force: bool = Field(False, description="load again although nothing changed")
    accept: list[Accept] = Field([], description="lift these holds for the content now on disk")

    @field_validator("range")
    @classmethod
    def _one_of_them(cls, value: Span | None, info: ValidationInfo) -> Span | None:
        dates_given = info.data.get("dates", ...) is not None  # wrong ones are missing there
        if dates_given == (value is not None):
            raise ValueError("give dates or range, one of them")
        return value


class BackfillRequest(Form):
    """Whole months to load: everything of them that is on disk and not loaded."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"regions": ["gb"], "codes": ["flat"], "from_month": "2020-01"}]
        }
    )

    regions: Names = Field(description="regions, as the folders are named")
    codes: Names = Field(description="codes, as the folders are named")
    from_month: Annotated[str, Field(pattern=MONTH)] = Field(
        "0000-01", description="not before this one"
    )
    to_month: Annotated[str, Field(pattern=MONTH)] = Field(
        "9999-12", description="not after this one"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.from_month > self.to_month:
            raise ValueError(f"from_month {self.from_month} is after to_month {self.to_month}")
        return self


class PauseRequest(Form):
    model_config = ConfigDict(json_schema_extra={"examples": [{"seconds": 7200}]})

    seconds: Annotated[int, Field(ge=1, le=366 * 86_400), BeforeValidator(_whole)] | None = Field(
        None, description="resume by itself after so long; null: until resume"
    )


class AckRequest(Form):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"note": "abandoned: the source never gave a result"}]}
    )

    note: Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")] = Field(
        description="why this is left as it is"
    )
