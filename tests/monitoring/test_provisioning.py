"""Grafana's provisioning files fit each other, the dashboards, and what Grafana documents.

The keys are those of its manual, "Provision Grafana"; no server is here to read them.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.monitoring.test_dashboards import DOCUMENTS

MONITORING = Path(__file__).resolve().parents[2] / "monitoring"
PROVISIONING = MONITORING / "grafana/provisioning"
SOURCE_KEYS = {
    "name", "type", "uid", "access", "orgId", "url", "user", "database", "basicAuth",
    "basicAuthUser", "withCredentials", "isDefault", "jsonData", "secureJsonData", "version",
    "editable",
}  # fmt: skip
JSON_KEYS = {
    "prometheus": {"timeInterval", "httpMethod", "manageAlerts", "prometheusType", "cacheLevel"},
    "grafana-postgresql-datasource": {
        "database", "sslmode", "postgresVersion", "maxOpenConns", "maxIdleConns", "connMaxLifetime",
        "timescaledb",
    },
}  # fmt: skip
PROVIDER_KEYS = {
    "name", "orgId", "folder", "folderUid", "type", "disableDeletion", "updateIntervalSeconds",
    "allowUiUpdates", "options",
}  # fmt: skip


def read(kind: str) -> dict[str, Any]:
    (path,) = (PROVISIONING / kind).iterdir()
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert document.pop("apiVersion") == 1
    return document


def test_data_sources_are_those_that_the_dashboards_choose_from() -> None:
    document = read("datasources")
    assert document.keys() == {"datasources"}
    kinds = {one["type"] for one in document["datasources"]}
    asked = {
        variable["query"]
        for dashboard in DOCUMENTS.values()
        for variable in dashboard["templating"]["list"]
        if variable["type"] == "datasource"
    }
    assert kinds == asked == JSON_KEYS.keys()


@pytest.mark.parametrize("source", read("datasources")["datasources"], ids=lambda one: one["type"])
def test_a_data_source_has_keys_that_grafana_knows(source: dict[str, Any]) -> None:
    assert source.keys() <= SOURCE_KEYS
    assert source["jsonData"].keys() <= JSON_KEYS[source["type"]]
    secret = source.get("secureJsonData", {})
    assert all(value.startswith("$") for value in secret.values()), "a secret in the file"


def test_dashboards_are_read_from_where_the_package_puts_them() -> None:
    document = read("dashboards")
    assert document.keys() == {"providers"}
    (provider,) = document["providers"]
    assert provider.keys() <= PROVIDER_KEYS
    assert provider["type"] == "file"
    folder = Path(provider["options"]["path"])
    ours = folder.relative_to("/usr/share/giddyup-watch/monitoring")
    assert sorted(path.stem for path in (MONITORING / ours).glob("*.json")) == sorted(DOCUMENTS)
