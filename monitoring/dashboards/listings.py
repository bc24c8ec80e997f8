"""Tables: of series that have a value now, and of rows of the database."""

from collections.abc import Mapping
from types import MappingProxyType

from grafana_foundation_sdk.builders import common, table
from grafana_foundation_sdk.cog import builder, variants
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import prometheus as prometheus_model

from monitoring.dashboards.panels import (
    AMBER,
    BAD,
    GREEN,
    HALF,
    LOOK,
    RED,
    WELL,
    WIDE,
    Query,
    Size,
    dressed,
    instant,
    steps,
    words,
)

POSTGRES = model.DataSourceRef(type_val="grafana-postgresql-datasource", uid="${database}")

#: Columns whose words have a colour.
_COLORED = {
    "severity": words(critical=(f"{BAD} critical", RED), warning=(f"{LOOK} warning", AMBER)),
    "status": words(
        success=(f"{WELL} success", GREEN),
        failed=(f"{BAD} failed", RED),
        canceled=(f"{LOOK} canceled", AMBER),
    ),
}
_DAY = words(_1=(WELL, GREEN), _2=(LOOK, AMBER), _3=(BAD, RED))
_BACKGROUND = model.DynamicConfigValue(
    id_val="custom.cellOptions", value={"type": "color-background", "mode": "basic"}
)


class Statement(variants.Dataquery):
    """A query of Grafana's PostgreSQL data source, which the SDK has no type for."""

    def __init__(self, text: str) -> None:
        self._text = text

    def to_json(self) -> dict[str, object]:
        return {
            "datasource": POSTGRES.to_json(),
            "editorMode": "code",
            "format": "table",
            "rawQuery": True,
            "rawSql": self._text,
            "refId": "A",
        }


class Sql(builder.Builder[variants.Dataquery]):
    def __init__(self, text: str) -> None:
        self._text = text

    def build(self) -> Statement:
        return Statement(self._text)


def listing(
    title: str,
    description: str,
    statement: str,
    *,
    widths: Mapping[str, int] = MappingProxyType({}),
    size: Size = WIDE,
    no_value: str = "none",
) -> table.Panel:
    """Rows of a statement of the PostgreSQL data source; columns of a name look the same."""
    made = _bare(no_value).with_target(Sql(statement)).datasource(POSTGRES)
    made = _colored(_wide(made, widths)).override_by_name("duration", [_set("unit", "s")])
    made = made.override_by_name("value", [_set("unit", "string")])
    made = made.override_by_regexp("finding|reason|error_msg", [_set("custom.wrapText", True)])
    made = made.title(title).description(description).unit("none")
    return made.span(size.width).height(size.height)


def calendar(title: str, description: str, marks: str, *, size: Size) -> table.Panel:
    """A month in a row, a day in a column; `marks` gives `d` and `mark`: 1 well, 2 look, 3 bad.

    A window of 1,720 pixels shows all of a month: Grafana has no column below 50.
    """
    days = ", ".join(
        f'max(mark) FILTER (WHERE extract(day FROM d) = {day}) AS "{day}"' for day in range(1, 32)
    )
    statement = (
        f"WITH marks AS ({marks})"  # noqa: S608 - this repository's own words
        f" SELECT to_char(d, 'YYYY-MM') AS month, {days}"
        " FROM marks GROUP BY 1 ORDER BY 1 DESC LIMIT 240"
    )
    made = _bare("none").with_target(Sql(statement)).datasource(POSTGRES)
    made = _wide(made, {"month": 84}).override_by_regexp(
        r"^\d+$",
        [
            _set("mappings", _DAY),
            _BACKGROUND,
            _set("custom.width", 50),
            _set("custom.align", "center"),
        ],
    )
    made = made.title(title).description(description).unit("none")
    return made.span(size.width).height(size.height)


def standing(
    title: str,
    description: str,
    query: Query,
    *,
    columns: Mapping[str, str],
    no_value: str,
    hidden: tuple[str, ...] = (),
    size: Size = HALF,
) -> table.Panel:
    """One row for each series that has a value now; of its labels `columns`, by their new names."""
    target = instant(query).format(prometheus_model.PromQueryFormat.TABLE)
    options = {
        "excludeByName": dict.fromkeys(sorted({"Time", "Value", *hidden} - columns.keys()), True),
        "indexByName": {name: index for index, name in enumerate(columns)},
        "renameByName": dict(columns),
    }
    made = _colored(_bare(no_value).with_target(target))
    made = made.with_transformation(model.DataTransformerConfig(id_val="organize", options=options))
    made = made.sort_by([common.TableSortByFieldState().display_name("severity")])
    return dressed(made, title, description, "none", size)


def _bare(no_value: str) -> table.Panel:
    """What stands where there is no row is not what stands where a row has no value."""
    made = table.Panel().min_width(60).no_value(no_value)
    made = made.thresholds(steps((None, "transparent")))  # else what has no colour is green
    return made.override_by_regexp(".*", [_set("noValue", "")])


def _colored(made: table.Panel) -> table.Panel:
    for name, mappings in _COLORED.items():
        made = made.override_by_name(
            name, [_set("mappings", mappings), _BACKGROUND, _set("custom.width", 110)]
        )
    return made


def _wide(made: table.Panel, widths: Mapping[str, int]) -> table.Panel:
    for name, width in widths.items():
        made = made.override_by_name(name, [_set("custom.width", width)])
    return made


def _set(name: str, value: object) -> model.DynamicConfigValue:
    return model.DynamicConfigValue(id_val=name, value=value)
