"""Which views there are, in which order, and how each can be refreshed: read from the catalog."""

import pytest

from giddyup_watch.store import views
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.views import View


def _found(conn: Connection) -> dict[str, View]:
    return {view.full_name: view for view in views.fetch(conn)}


def test_known_views_come_after_those_they_rest_on(conn: Connection) -> None:
    names = list(_found(conn))
    assert set(names) == {
        "racing.mv_runner_base",
        "racing.mv_last_next",
        "racing.mv_draw_bias_flat",
    }
    assert names.index("racing.mv_runner_base") < names.index("racing.mv_draw_bias_flat")


def test_views_on_views_in_other_schemas_are_found(conn: Connection, owner: Connection) -> None:
    owner.execute('CREATE SCHEMA "Odd Place"')
    owner.execute('CREATE VIEW "Odd Place".plain AS SELECT * FROM racing.mv_runner_base')
    owner.execute(
        'CREATE MATERIALIZED VIEW "Odd Place"."A Top" AS SELECT count(*) n FROM "Odd Place".plain'
    )
    owner.execute(
        'CREATE MATERIALIZED VIEW public.a_summit AS SELECT n + 1 AS m FROM "Odd Place"."A Top"'
    )
    found = _found(conn)
    assert found['"Odd Place"."A Top"'].rests_on == ["racing.mv_runner_base"]
    assert found["public.a_summit"].rests_on == ['"Odd Place"."A Top"', "racing.mv_runner_base"]
    order = list(found)
    below, top, summit = (
        order.index(name)
        for name in ("racing.mv_runner_base", '"Odd Place"."A Top"', "public.a_summit")
    )
    assert below < top < summit


def test_view_of_one_partition_is_found(conn: Connection, owner: Connection) -> None:
    owner.execute("SELECT racing.ensure_month('2024-06-01')")
    owner.execute("CREATE MATERIALIZED VIEW public.june AS SELECT * FROM racing.races_2024_06")
    assert "public.june" in _found(conn)


def test_views_of_other_things_are_left_alone(conn: Connection, owner: Connection) -> None:
    owner.execute("CREATE TABLE public.weather (day date)")
    owner.execute("CREATE MATERIALIZED VIEW public.rain AS SELECT * FROM public.weather")
    owner.execute("CREATE MATERIALIZED VIEW public.constant AS SELECT 1 AS one")
    assert not _found(conn).keys() & {"public.rain", "public.constant"}


def test_circle_of_plain_views_does_no_harm(conn: Connection, owner: Connection) -> None:
    owner.execute("CREATE VIEW public.a AS SELECT count(*) AS n FROM racing.races")
    owner.execute("CREATE VIEW public.b AS SELECT n FROM public.a")
    owner.execute("CREATE OR REPLACE VIEW public.a AS SELECT n FROM public.b, racing.races")
    owner.execute("CREATE MATERIALIZED VIEW public.c AS SELECT n FROM public.b WITH NO DATA")
    assert _found(conn)["public.c"].rests_on == []


@pytest.mark.parametrize(
    ("index", "how"),
    [
        ("UNIQUE INDEX ON public.v (race_id, race_date)", "concurrently"),
        ("UNIQUE INDEX ON public.v (race_id) INCLUDE (race_date)", "concurrently"),
        ("INDEX ON public.v (race_id)", "plain"),
        ("UNIQUE INDEX ON public.v (race_id) WHERE race_id > 0", "plain"),
        ("UNIQUE INDEX ON public.v ((race_id + 1))", "plain"),
    ],
)
def test_usable_unique_index_lets_readers_go_on(
    conn: Connection, owner: Connection, index: str, how: str
) -> None:
    owner.execute(
        "CREATE MATERIALIZED VIEW public.v AS SELECT race_id, race_date FROM racing.races"
    )
    owner.execute(f"CREATE {index}")
    assert _found(conn)["public.v"].how == how


def test_unpopulated_view_cannot_be_refreshed_beside_readers(
    conn: Connection, owner: Connection
) -> None:
    owner.execute(
        "CREATE MATERIALIZED VIEW public.v AS SELECT race_id FROM racing.races WITH NO DATA"
    )
    owner.execute("CREATE UNIQUE INDEX ON public.v (race_id)")
    found = _found(conn)["public.v"]
    assert (found.populated, found.has_unique_index, found.how) == (False, True, "plain")
