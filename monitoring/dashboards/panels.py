"""Panels of one manner: a title, a description, a unit, a query that asks for job and instance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    heatmap,
    prometheus,
    stat,
    table,
    timeseries,
)
from grafana_foundation_sdk.cog import builder
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import heatmap as heatmap_model
from grafana_foundation_sdk.models import prometheus as prometheus_model

PROMETHEUS = model.DataSourceRef(type_val="prometheus", uid="${datasource}")

Panels = list[builder.Builder[model.Panel]]
_Made = TypeVar("_Made", bargauge.Panel, heatmap.Panel, stat.Panel, table.Panel, timeseries.Panel)

#: The labels that every selector asks for; `$on` in a query stands for them.
ON = 'job=~"$job", instance=~"$instance"'

GREEN, AMBER, RED, BLUE, GREY, PURPLE = "green", "orange", "red", "blue", "#8e8e8e", "purple"

#: What is well and what is not differ in a mark too, for whoever does not tell red from green.
WELL, BAD, LOOK = "\u2713", "\u2717", "!"


@dataclass(frozen=True, slots=True)
class Size:
    width: int
    height: int


SMALL, THIRD, HALF, WIDE = Size(4, 3), Size(8, 8), Size(12, 8), Size(24, 8)


@dataclass(frozen=True, slots=True)
class Query:
    """`$on` stands for the labels of the variables, `$name` for giddyup_watch_name."""

    expr: str
    legend: str = ""

    @property
    def text(self) -> str:
        return self.expr.replace("$on", ON).replace("gw_", "giddyup_watch_")


def steps(*marks: tuple[float | None, str]) -> dashboard.ThresholdsConfig:
    """Colours from these values on; None is minus infinity."""
    found = [model.Threshold(value=value, color=color) for value, color in marks]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(found)


def words(**of: tuple[str, str]) -> list[model.ValueMapping]:
    """Texts and colours for values: `words(_1=("up", GREEN))`."""
    options = {
        name.removeprefix("_"): model.ValueMappingResult(text=text, color=color, index=index)
        for index, (name, (text, color)) in enumerate(of.items())
    }
    return [model.ValueMap(options=options)]


def well_or_not(well: str, bad: str) -> list[model.ValueMapping]:
    """For a gauge that is 1 while all is well."""
    return words(_1=(f"{WELL} {well}", GREEN), _0=(f"{BAD} {bad}", RED))


#: What became of a line or of a row, each in a colour of its own wherever it is shown.
EFFECTS = {
    "inserted": BLUE, "updated": PURPLE, "deleted": AMBER, "unchanged": GREY,
    "rejected": RED, "held": "yellow", "duplicate": "semi-dark-blue",
}  # fmt: skip
NONE = words(_0=(f"{WELL} none", GREEN))


def number(
    title: str,
    description: str,
    query: Query,
    *,
    unit: str,
    thresholds: dashboard.ThresholdsConfig,
    mappings: Sequence[model.ValueMapping] = (),
    size: Size = SMALL,
    no_value: str = "no answer",
) -> stat.Panel:
    """The value of this moment, large, on the colour of its threshold."""
    made = stat.Panel().with_target(instant(query)).mappings(list(mappings))
    made = made.graph_mode(common_model.BigValueGraphMode.NONE)
    made = made.color_mode(common_model.BigValueColorMode.BACKGROUND)
    made = made.text_mode(common_model.BigValueTextMode.AUTO)
    made = made.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    made = made.thresholds(thresholds).color_scheme(_by_threshold()).no_value(no_value)
    return dressed(made, title, description, unit, size)


def series(
    title: str,
    description: str,
    *queries: Query,
    unit: str,
    size: Size = HALF,
    stacked: Literal["", "bars", "areas"] = "",
    lowest: float | None = 0,
    highest: float | None = None,
    colors: Mapping[str, str] = MappingProxyType({}),
    no_value: str = "",
) -> timeseries.Panel:
    """Lines over time; or bars of what happened, areas of what there is; `colors` by the legend."""
    made = timeseries.Panel().targets([_range(query, ref) for query, ref in _referred(queries)])
    made = made.legend(
        common.VizLegendOptions()
        .display_mode(common_model.LegendDisplayMode.LIST)
        .placement(common_model.LegendPlacement.BOTTOM)
        .show_legend(True)
    )
    made = made.tooltip(
        common.VizTooltipOptions()
        .mode(common_model.TooltipDisplayMode.MULTI)
        .sort(common_model.SortOrder.DESCENDING)
    )
    made = made.line_width(1).show_points(common_model.VisibilityMode.AUTO)
    if stacked:
        made = made.stacking(common.StackingConfig().mode(common_model.StackingMode.NORMAL))
    if stacked == "bars":
        made = made.draw_style(common_model.GraphDrawStyle.BARS).fill_opacity(80)
    elif stacked == "areas":
        made = made.draw_style(common_model.GraphDrawStyle.LINE).fill_opacity(60)
        made = made.line_interpolation(common_model.LineInterpolation.STEP_AFTER)
    else:
        made = made.draw_style(common_model.GraphDrawStyle.LINE).fill_opacity(0)
    for name, color in colors.items():
        value = {"mode": "fixed", "fixedColor": color}
        made = made.override_by_name(name, [model.DynamicConfigValue(id_val="color", value=value)])
    if unit in {"none", "short"}:
        made = made.axis_soft_max(1)  # nothing at all is no line at the top of an axis
    if no_value:
        made = made.no_value(no_value)
    if lowest is not None:
        made = made.min(lowest)
    if highest is not None:
        made = made.max(highest)
    return dressed(made, title, description, unit, size)


def heat(title: str, description: str, query: Query, *, size: Size = HALF) -> heatmap.Panel:
    """A histogram's buckets over time; the query gives them summed by `le`."""
    target = _range(query, "A").format(prometheus_model.PromQueryFormat.HEATMAP)
    made = heatmap.Panel().with_target(target.legend_format("{{le}}"))
    made = made.calculate(calculate=False)
    made = made.color(
        heatmap.HeatmapColorOptions()
        .mode(heatmap_model.HeatmapColorMode.SCHEME)
        .scheme("Blues")
        .steps(64)
        .exponent(0.5)
        .scale(heatmap_model.HeatmapColorScale.EXPONENTIAL)
        .fill("dark-blue")
    )
    made = made.y_axis(heatmap.YAxisConfig().unit("s").min(0))
    return dressed(made, title, description, "s", size)


def ages(
    title: str,
    description: str,
    query: Query,
    *,
    thresholds: dashboard.ThresholdsConfig,
    unit: str = "s",
    size: Size = HALF,
    highest: float | None = None,
) -> bargauge.Panel:
    """A bar for each series, of this moment."""
    made = bargauge.Panel().with_target(instant(query))
    made = made.display_mode(common_model.BarGaugeDisplayMode.BASIC)
    made = made.orientation(common_model.VizOrientation.HORIZONTAL).min_viz_height(10)
    made = made.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    made = made.thresholds(thresholds).color_scheme(_by_threshold()).min(0)
    if highest is not None:
        made = made.max(highest)
    return dressed(made, title, description, unit, size)


def dressed(made: _Made, title: str, description: str, unit: str, size: Size) -> _Made:
    made = made.title(title).description(description).unit(unit).datasource(PROMETHEUS)
    return made.span(size.width).height(size.height)


def _by_threshold() -> dashboard.FieldColor:
    return dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS)


def _referred(queries: Sequence[Query]) -> list[tuple[Query, str]]:
    return [(query, chr(ord("A") + index)) for index, query in enumerate(queries)]


def _range(query: Query, ref: str) -> prometheus.Dataquery:
    made = prometheus.Dataquery().expr(query.text).range().ref_id(ref).datasource(PROMETHEUS)
    return made.legend_format(query.legend or "__auto")


def instant(query: Query) -> prometheus.Dataquery:
    made = prometheus.Dataquery().expr(query.text).instant().ref_id("A").datasource(PROMETHEUS)
    return made.legend_format(query.legend or "__auto")
