"""Existing GiddyUp databases, in the variants there are, and a plain loader to fill them.

Nothing here uses the program's migrations or its loading: what it finds on
somebody's server was made without them.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psycopg
from psycopg import sql

Schema = Literal["racing", "public"]
Row = Mapping[str, str]
Connection = psycopg.Connection[tuple[Any, ...]]

_TABLES = Path(__file__).with_suffix(".sql")

_NORM_TEXT = r"""
CREATE OR REPLACE FUNCTION norm_text(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT regexp_replace(
    regexp_replace({unaccent}(lower(coalesce($1, ''))), '\s*\([a-z]{{2,3}}\)\s*$', '', 'g'),
    '[^a-z0-9\s]', ' ', 'g')
$$
"""

#: Keeps the country, and keeps points: other results than the one above.
_OTHER_NORM_TEXT = r"""
CREATE OR REPLACE FUNCTION norm_text(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT regexp_replace(unaccent(lower(coalesce($1, ''))), '[^a-z0-9\s.]', ' ', 'g')
$$
"""

_TRACKING = """
CREATE TABLE etl_runs (
  run_id bigserial PRIMARY KEY,
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  status text NOT NULL CHECK (status IN ('running', 'success', 'failed', 'canceled')),
  scope jsonb NOT NULL,
  stats jsonb,
  error_msg text,
  duration_ms bigint,
  CONSTRAINT status_final_check CHECK (
    (status IN ('success', 'failed', 'canceled') AND finished_at IS NOT NULL)
    OR (status = 'running' AND finished_at IS NULL))
);
CREATE TABLE ingested_days (
  region text NOT NULL,
  code text NOT NULL,
  d date NOT NULL,
  run_id bigint REFERENCES etl_runs (run_id),
  inserted_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (region, code, d)
);
"""

_EXTRAS = """
ALTER TABLE races ADD COLUMN prelim boolean DEFAULT false;
ALTER TABLE runners ADD COLUMN price_updated_at timestamp, ADD COLUMN betfair_selection_id bigint,
  ADD COLUMN best_odds double precision, ADD COLUMN best_bookmaker text;
CREATE TABLE live_prices (
  race_id bigint NOT NULL, runner_id bigint NOT NULL, ts timestamp NOT NULL DEFAULT now(),
  back_price double precision, PRIMARY KEY (runner_id, ts)
);
CREATE TABLE data_updates (update_id bigserial PRIMARY KEY, update_date date, note text);
CREATE TABLE stage_races (date text, region text, race_key text);
CREATE TABLE stage_runners (race_key text, num text, horse text);
CREATE VIEW races_with_status AS
  SELECT races.*, CASE WHEN prelim THEN 'card' ELSE 'result' END AS status FROM races;
"""

_EXTRA_ROWS = """
INSERT INTO live_prices (race_id, runner_id, ts, back_price)
  SELECT race_id, runner_id, race_date + time '12:00', 3.5 FROM runners LIMIT 20;
INSERT INTO data_updates (update_date, note) VALUES ('2024-06-01', 'loaded by hand');
INSERT INTO stage_races VALUES ('2024-06-01', 'GB', 'left over');
UPDATE races SET prelim = true WHERE race_id IN (SELECT race_id FROM races ORDER BY 1 LIMIT 2);
UPDATE runners SET best_odds = 4.2, best_bookmaker = 'somebody', price_updated_at = '2024-06-01'
  WHERE num = 1;
"""


@dataclass(frozen=True)
class Variant:
    """How an existing database differs from the next one."""

    tracking: bool = True
    extras: bool = False
    norm_text: Schema = "racing"
    unaccent: Schema = "public"
    body: Literal["unqualified", "qualified", "other"] = "unqualified"


VARIANTS = {
    "plain": Variant(),
    "without tracking": Variant(tracking=False),
    "with extras": Variant(extras=True),
    "functions in public": Variant(norm_text="public"),
    "unaccent in racing": Variant(unaccent="racing", tracking=False, extras=True),
    "qualified already": Variant(body="qualified"),
}


def build(url: str, variant: Variant | None = None, years: Iterable[int] = (2024,)) -> None:
    """Make an existing GiddyUp database without rows in an empty one."""
    variant = variant or Variant()
    with _connected(url) as conn:
        conn.execute("CREATE SCHEMA racing")
        conn.execute(sql.SQL("CREATE EXTENSION unaccent SCHEMA {}").format(_name(variant.unaccent)))
        conn.execute("CREATE EXTENSION pg_trgm SCHEMA public")
        _path(conn, variant.norm_text, "public", "racing")
        conn.execute(norm_text(variant))
        _path(conn, "racing", "public")
        conn.execute(_TABLES.read_bytes())
        if variant.tracking:
            conn.execute(_TRACKING)
        if variant.extras:
            conn.execute(_EXTRAS)
        for year in years:
            conn.execute("SELECT create_partitions_for_year(%s)", [year])


def fill(url: str, variant: Variant | None = None) -> None:
    """A few days of racing, and whatever else the variant's other programs keep."""
    load(url, *sample())
    with _connected(url) as conn:
        _path(conn, "racing", "public")
        conn.execute("INSERT INTO horse_alias SELECT horse_id, 'Old ' || horse_name FROM horses")
        if variant is None or variant.tracking:
            conn.execute(
                "INSERT INTO etl_runs (status, finished_at, scope) VALUES ('success', now(), '{}')"
            )
            conn.execute(
                "INSERT INTO ingested_days SELECT 'gb', 'flat', d, 1"
                " FROM (SELECT DISTINCT race_date AS d FROM races) AS days"
            )
        if variant is not None and variant.extras:
            conn.execute(_EXTRA_ROWS)
        conn.execute("REFRESH MATERIALIZED VIEW mv_runner_base")


def sample() -> tuple[list[Row], list[Row]]:
    """Rows as in the CSV files: three days, names with everything names have."""
    horses = ("Élan", "Dancing In Paris (FR)", "St. Mac", "D'Artagnan (IRE)", "Noël's Hope", "Ö")
    races: list[Row] = []
    runners: list[Row] = []
    for day in ("2024-05-31", "2024-06-01", "2024-06-02"):
        for hour in ("1:30", "02:10", "15:45"):
            key = f"{day}|ascot|{hour}"
            races.append({
                "date": day, "region": "GB", "course": "Ascot (AW)", "off": hour,
                "race_name": "The Düsseldorf, “Stakes”", "type": "Flat", "class": "Class 2",
                "dist": "1m", "dist_f": "8f", "dist_m": "1609", "going": "Good", "surface": "Turf",
                "ran": str(len(horses)), "race_key": key,
            })  # fmt: skip
            for number, horse in enumerate(horses, start=1):
                runners.append({
                    "race_key": key, "runner_key": f"{key}|{number}", "num": str(number),
                    "pos": "PU" if number == 6 else str(number), "draw": str(7 - number),
                    "horse": horse, "jockey": f"R. L. Möore {number}", "trainer": "Á. O'Brien",
                    "sire": "Galileo (IRE)", "dam": "", "damsire": "Danehill (USA)",
                    "owner": "Mrs. Ñ & Co", "dec": "3.5", "win_bsp": f"{number}.0",
                    "prize": "£1,234.50", "prize_raw": "£1,234.50", "comment": "led; “eased”",
                })  # fmt: skip
    return races, runners


def load_tree(url: str, master: Path) -> None:
    """Load every month folder below `master`, as one would by hand."""
    for path in sorted(master.glob("*/*/*/races_*.csv")):
        runners = path.with_name(path.name.replace("races_", "runners_", 1))
        load(url, _read(path), _read(runners))


def load(url: str, races: Iterable[Row], runners: Iterable[Row]) -> None:
    """Insert rows as in the CSV files; a key that is there already is left as it is."""
    with _connected(url) as conn, conn.transaction():
        _path(conn, "racing", "public")
        _stage(conn, "loader_races", _RACES, races)
        _stage(conn, "loader_runners", _RUNNERS, runners)
        conn.execute(_LOAD_DIMENSIONS)
        conn.execute(_insert("races", _RACES, _FROM_RACES))
        conn.execute(_insert("runners", _RUNNERS, _FROM_RUNNERS))
        conn.execute("DROP TABLE loader_races, loader_runners")


def contents(url: str) -> dict[str, tuple[int, str]]:
    """Number of rows and a checksum over all of them, for every table of racing but partitions."""
    with _connected(url) as conn:
        found = conn.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'racing'::regnamespace"
            " AND relkind IN ('r', 'p', 'm') AND NOT relispartition ORDER BY relname"
        ).fetchall()
        return {name: _checksum(conn, name) for (name,) in found}


def _checksum(conn: Connection, table: str) -> tuple[int, str]:
    statement = sql.SQL(
        "SELECT count(*), coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '')"
        " FROM racing.{} AS t"
    ).format(sql.Identifier(table))
    row = conn.execute(statement).fetchone()
    assert row is not None
    return row[0], row[1]


_NUMBER = r"substring(replace({0}, ',', '') FROM '-?[0-9]+(?:\.[0-9]+)?')::float8"
_KINDS = {
    "text": "{0}",
    "day": "{0}::date",
    "int": f"({_NUMBER})::int",
    "number": _NUMBER,
    "price": f"CASE WHEN {_NUMBER} >= 1.01 THEN {_NUMBER} END",
    # The Racing Post's clock: nobody races before ten in the morning.
    "off": "CASE WHEN {0}::time < '10:00' THEN {0}::time + interval '12 h' ELSE {0}::time END",
}


def _columns(kind: str, names: str) -> dict[str, tuple[str, str]]:
    """CSV name → (column, kind); `csv>column` where the two differ."""
    pairs = (name.split(">") for name in names.split())
    return {pair[0]: (pair[-1], kind) for pair in pairs}


_RACES = (
    _columns("text", "race_key region race_name type>race_type class pattern rating_band age_band")
    | _columns("text", "sex_rest dist>dist_raw going surface")
    | _columns("day", "date>race_date")
    | _columns("off", "off>off_time")
    | _columns("number", "dist_f")
    | _columns("int", "dist_m ran")
    | _columns("id", "course>")
)
_RUNNERS = (
    _columns("text", "runner_key pos>pos_raw sex hg time>time_raw prize_raw comment match_reason")
    | _columns("int", "num draw age lbs or rpr win_lose place_win_lose match_time_diff_min")
    | _columns("number", "ovr_btn btn secs prize match_jaccard")
    | _columns("number", "win_morning_vol win_pre_vol win_ip_vol")
    | _columns("number", "place_morning_vol place_pre_vol place_ip_vol")
    | _columns("price", "dec win_bsp win_ppwap win_morningwap win_ppmax win_ppmin")
    | _columns("price", "win_ipmax win_ipmin place_bsp place_ppwap place_morningwap")
    | _columns("price", "place_ppmax place_ppmin place_ipmax place_ipmin")
    | _columns("id", "race_key> horse> jockey> trainer> sire> dam> damsire> owner>")
)

_LOAD_DIMENSIONS = """
INSERT INTO courses (course_name, region) SELECT course, region FROM loader_races
  ON CONFLICT DO NOTHING;
INSERT INTO horses (horse_name) SELECT horse FROM loader_runners WHERE horse IS NOT NULL
  ON CONFLICT DO NOTHING;
INSERT INTO trainers (trainer_name) SELECT trainer FROM loader_runners WHERE trainer IS NOT NULL
  ON CONFLICT DO NOTHING;
INSERT INTO jockeys (jockey_name) SELECT jockey FROM loader_runners WHERE jockey IS NOT NULL
  ON CONFLICT DO NOTHING;
INSERT INTO owners (owner_name) SELECT owner FROM loader_runners WHERE owner IS NOT NULL
  ON CONFLICT DO NOTHING;
INSERT INTO bloodlines (sire, dam, damsire) SELECT sire, dam, damsire FROM loader_runners
  WHERE coalesce(sire, dam, damsire) IS NOT NULL
  ON CONFLICT DO NOTHING;
"""

_FROM_RACES = """
, course_id FROM loader_races AS s
JOIN courses AS c ON c.region = s.region AND c.course_norm = norm_text(s.course)
"""

_FROM_RUNNERS = """
, race_id, race_date, horse_id, trainer_id, jockey_id, owner_id, blood_id
FROM loader_runners AS s
JOIN races AS r USING (race_key)
LEFT JOIN horses AS h ON h.horse_norm = norm_text(s.horse) AND s.horse IS NOT NULL
LEFT JOIN trainers AS t ON t.trainer_norm = norm_text(s.trainer) AND s.trainer IS NOT NULL
LEFT JOIN jockeys AS j ON j.jockey_norm = norm_text(s.jockey) AND s.jockey IS NOT NULL
LEFT JOIN owners AS o ON o.owner_norm = norm_text(s.owner) AND s.owner IS NOT NULL
LEFT JOIN bloodlines AS b ON b.sire_norm = norm_text(s.sire) AND b.dam_norm = norm_text(s.dam)
  AND b.damsire_norm = norm_text(s.damsire) AND coalesce(s.sire, s.dam, s.damsire) IS NOT NULL
"""
_IDS = {
    "races": "course_id",
    "runners": "race_id, race_date, horse_id, trainer_id, jockey_id, owner_id, blood_id",
}


def _insert(table: str, columns: Mapping[str, tuple[str, str]], rest: str) -> bytes:
    own = {name: pair for name, pair in columns.items() if pair[1] != "id"}
    targets = ", ".join(f'"{column}"' for column, _ in own.values())
    values = ", ".join(_KINDS[kind].format(f's."{name}"') for name, (_, kind) in own.items())
    return (
        f"INSERT INTO {table} ({targets}, {_IDS[table]}) SELECT {values} {rest}"
        " ON CONFLICT DO NOTHING"
    ).encode()


def _stage(
    conn: Connection, table: str, columns: Mapping[str, tuple[str, str]], rows: Iterable[Row]
) -> None:
    declared = ", ".join(f'"{name}" text' for name in columns)
    conn.execute(f"CREATE TEMP TABLE {table} ({declared})".encode())
    with conn.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
        for row in rows:
            copy.write_row([_cell(row.get(name)) for name in columns])


def _cell(text: str | None) -> str | None:
    stripped = (text or "").strip()
    return None if stripped in ("", "-", "\u2013", "\u2014") else stripped


def _read(path: Path) -> Iterator[Row]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        yield from csv.DictReader(file)


def norm_text(variant: Variant) -> sql.Composed | sql.SQL:
    """The statement that makes the function in the first schema of the search path."""
    if variant.body == "other":
        return sql.SQL(_OTHER_NORM_TEXT)
    qualified = sql.Identifier(variant.unaccent, "unaccent")
    function = qualified if variant.body == "qualified" else sql.Identifier("unaccent")
    return sql.SQL(_NORM_TEXT).format(unaccent=function)


def _path(conn: Connection, *schemas: str) -> None:
    conn.execute(sql.SQL("SET search_path TO {}").format(sql.SQL(", ").join(map(_name, schemas))))


def _name(name: str) -> sql.Identifier:
    return sql.Identifier(name)


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    with psycopg.connect(url, autocommit=True) as conn:
        yield conn
