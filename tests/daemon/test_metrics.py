import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from giddyup_watch import metrics
from giddyup_watch.metrics import Metrics


@pytest.fixture
def all_metrics() -> Metrics:
    return Metrics(regions=("gb", "ire"), codes=("flat", "jumps"))


def samples(source: Metrics) -> dict[str, float]:
    families = text_string_to_metric_families(source.render().decode())
    return {
        sample.name + str(sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def test_every_label_combination_is_there_from_the_start(all_metrics: Metrics) -> None:
    found = samples(all_metrics)
    for region in ("gb", "ire"):
        for code in ("flat", "jumps"):
            for result in metrics.RESULTS:
                labels = sorted({"region": region, "code": code, "result": result}.items())
                assert found[f"giddyup_watch_ingests_total{labels}"] == 0
    for reason in metrics.RESCAN_REASONS:
        assert found[f"giddyup_watch_rescans_total{[('reason', reason)]}"] == 0


def test_counts_sets_and_observes(all_metrics: Metrics) -> None:
    all_metrics.inc("ingest_rows_total", 5, table="races", effect="inserted")
    all_metrics.set("queue_depth", 3)
    all_metrics.observe("lock_wait_seconds", 0.2)
    found = samples(all_metrics)
    labels = [("effect", "inserted"), ("table", "races")]
    assert found[f"giddyup_watch_ingest_rows_total{labels}"] == 5
    assert found["giddyup_watch_queue_depth[]"] == 3
    assert found["giddyup_watch_lock_wait_seconds_sum[]"] == 0.2


def test_gauges_are_emptied_whatever_their_labels(all_metrics: Metrics) -> None:
    all_metrics.set("coverage_ratio", 0.5, region="ire", code="flat")
    all_metrics.set("queue_depth", 3)
    all_metrics.zero("coverage_ratio")
    found = samples(all_metrics)
    assert [found[name] for name in found if "coverage_ratio" in name] == [0, 0, 0, 0]
    assert found["giddyup_watch_queue_depth[]"] == 3


def test_no_series_comes_into_being_by_the_way(all_metrics: Metrics) -> None:
    with pytest.raises(KeyError):
        all_metrics.inc("rescans_total", reason="/etc/passwd")
    with pytest.raises(KeyError):
        all_metrics.set("no_such_metric", 1)


def test_views_are_announced_as_they_are_discovered(all_metrics: Metrics) -> None:
    with pytest.raises(KeyError):
        all_metrics.observe("derived_duration_seconds", 1.0, view="mv_runner_base")
    all_metrics.announce_view("mv_runner_base")
    all_metrics.observe("derived_duration_seconds", 1.0, view="mv_runner_base")
    all_metrics.announce_view("mv_runner_base")  # again: what was counted stays
    label = [("view", "mv_runner_base")]
    assert samples(all_metrics)[f"giddyup_watch_derived_duration_seconds_sum{label}"] == 1.0


def test_two_daemons_in_one_process_do_not_share_series(all_metrics: Metrics) -> None:
    other = Metrics(regions=(), codes=())
    other.set("queue_depth", 7)
    assert samples(all_metrics)["giddyup_watch_queue_depth[]"] == 0


def test_names_follow_the_rules_of_prometheus() -> None:
    for row in metrics.TABLE:
        assert re.fullmatch(r"[a-z][a-z0-9_]*[a-z0-9]", row.name), row.name
        assert row.name.endswith("_total") == (row.kind == "counter"), row.name
        assert row.kind != "histogram" or row.name.endswith("_seconds"), row.name
        assert "age" not in row.name.split("_"), row.name


def test_no_created_series_and_the_version_is_said(all_metrics: Metrics) -> None:
    text = all_metrics.render().decode()
    assert "_created" not in text
    assert re.search(
        r'^giddyup_watch_build_info\{.*version="[0-9.]+.*"\} 1\.0$', text, re.MULTILINE
    )
    assert "process_resident_memory_bytes" in text
