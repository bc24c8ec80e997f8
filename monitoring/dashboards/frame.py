"""What every dashboard has: variables, annotations, links, a time range; read only."""

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as model

from monitoring.dashboards.panels import ON, PROMETHEUS, Query

TAG = "giddyup-watch"


def prometheus(uid: str, title: str, description: str, *, days: int) -> dashboard.Dashboard:
    """A dashboard over Prometheus, without panels yet."""
    made = _bare(uid, title, description, days=days)
    source = dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus")
    made = made.with_variable(source)
    made = made.with_variable(_labels("job", "label_values(giddyup_watch_build_info, job)"))
    instances = 'label_values(giddyup_watch_build_info{job=~"$job"}, instance)'
    made = made.with_variable(_labels("instance", instances))
    for variable in _addresses():
        made = made.with_variable(variable)
    for annotation in _annotations():
        made = made.annotation(annotation)
    return made


def postgres(uid: str, title: str, description: str, *, days: int) -> dashboard.Dashboard:
    """A dashboard over the database itself, without panels yet."""
    made = _bare(uid, title, description, days=days)
    source = dashboard.DatasourceVariable("database").label("PostgreSQL")
    made = made.with_variable(source.type("grafana-postgresql-datasource"))
    for variable in _addresses():
        made = made.with_variable(variable)
    return made


def runbook(anchor: str, title: str = "What to do") -> dashboard.DashboardLink:
    """A link to a heading of docs/operations.md."""
    made = dashboard.DashboardLink(title).type(model.DashboardLinkType.LINK)
    return made.url(f"${{runbook}}#{anchor}").target_blank(True)


def _bare(uid: str, title: str, description: str, *, days: int) -> dashboard.Dashboard:
    made = dashboard.Dashboard(f"giddyup-watch / {title}").uid(uid).description(description)
    made = made.tags([TAG]).readonly().timezone("browser").time(f"now-{days}d", "now")
    made = made.refresh("1m").tooltip(model.DashboardCursorSync.CROSSHAIR)
    others = dashboard.DashboardLink("giddyup-watch").type(model.DashboardLinkType.DASHBOARDS)
    made = made.link(others.tags([TAG]).include_vars(True).keep_time(True).as_dropdown(False))
    page = dashboard.DashboardLink("Status page").type(model.DashboardLinkType.LINK)
    made = made.link(page.url("${status_page}").target_blank(True).icon("external link"))
    return made.link(runbook("operations-the-runbook", "Runbook").icon("doc"))


def _labels(name: str, query: str) -> dashboard.QueryVariable:
    made = dashboard.QueryVariable(name).label(name.capitalize()).query(query)
    made = made.datasource(PROMETHEUS).refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
    everything = model.VariableOption(selected=True, text="All", value="$__all")
    return made.multi(True).include_all(True).all_value(".+").current(everything)


def _addresses() -> list[dashboard.TextBoxVariable]:
    """Where the daemon's own page and the runbook are: the same for whoever reads it here."""
    known = (
        ("status_page", "Status page", "http://127.0.0.1:9917/"),
        ("runbook", "Runbook", "docs/operations.md"),
    )
    return [
        dashboard.TextBoxVariable(name).label(label).default_value(address)
        for name, label, address in known
    ]


STARTED = f"process_start_time_seconds{{{ON}}}"


def _annotations() -> list[dashboard.AnnotationQuery]:
    return [
        _annotation(
            "Restarts",
            "orange",
            # Within a window, or after an absence that is longer than one.
            Query(
                f"changes({STARTED}[$__rate_interval]) > 0"
                f" or ({STARTED} unless {STARTED} offset $__rate_interval)"
            ),
            shown=True,
        ),
        _annotation(
            "Deploys",
            "blue",
            Query(
                "count by (version) (gw_build_info{$on}) unless count by (version)"
                " (max_over_time(gw_build_info{$on}[$__rate_interval] offset $__rate_interval))"
            ),
            shown=True,
        ),
        _annotation(
            "Runs",
            "green",
            Query('sum(increase(gw_ingests_total{$on, result="loaded"}[$__rate_interval])) > 0'),
            shown=False,
        ),
    ]


def _annotation(name: str, color: str, query: Query, *, shown: bool) -> dashboard.AnnotationQuery:
    made = dashboard.AnnotationQuery().name(name).datasource(PROMETHEUS).icon_color(color)
    return made.expr(query.text).enable(shown).hide(False)
