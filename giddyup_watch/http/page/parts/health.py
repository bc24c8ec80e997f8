"""Is it well: the verdict in one line, what to do, and the parts that it rests on."""

from collections.abc import Iterator

from giddyup_watch.http.page.facts import Facts, Stored
from giddyup_watch.http.page.html import Child, Html, tag
from giddyup_watch.http.page.parts import words
from giddyup_watch.http.page.verdict import NOT_CHECKED, OURS, Level, Matter, Verdict

SIGNS: dict[Level, str] = {"well": "✓", "note": "○", "warn": "!", "bad": "✕"}
#: Segments of the queue that are named.
_NAMED = 1

Row = tuple[Level, str, Child]


def render(facts: Facts, verdict: Verdict) -> Html:
    sign = tag("span", SIGNS[verdict.level], class_="sign", aria_hidden="true")
    head = [tag("h2", sign, tag("span", verdict.headline), id="verdict"), _summary(facts)]
    stale = None
    if facts.problem and facts.stored:
        at = _at(facts, facts.stored)
        stale = tag("p", "What follows is what the database said last: ", at, class_="stale")
    return tag(
        "section",
        tag("div", head, class_="verdict"),
        tag("ul", [_matter(one, verdict.headline) for one in verdict.matters], class_="matters")
        if verdict.matters
        else None,
        stale,
        tag("dl", [_row(*row) for row in _rows(facts)], class_="lamps"),
        id="health",
        class_=f"health {verdict.level}",
        aria_labelledby="verdict",
        data_level=verdict.level,
        data_headline=verdict.headline,
    )


def _summary(facts: Facts) -> Html | None:
    """How much is there and how new it is: what is asked next when all is well."""
    known = facts.stored.freshness if facts.stored else []
    if not known:
        return None
    newest = words.day(max(one.newest_day for one in known), facts.today)
    loaded = words.moment(max(one.last_loaded for one in known), facts.situation.zone, facts.today)
    days = words.count(sum(one.days for one in known), "day")
    return tag("p", f"{days} loaded, the newest {newest}; last change ", loaded, class_="summary")


def _matter(one: Matter, headline: str) -> Html:
    """What the headline has said already is not said again."""
    what = tag("strong", one.what) if one.what != headline else None
    detail = tag("span", f"{one.detail[:1].upper()}{one.detail[1:]}") if one.detail else None
    todo = tag("a", one.todo, href=one.place) if one.place else tag("span", words.prose(one.todo))
    said = [part for part in (what, detail, todo) if part]
    return tag("li", [[part, " "] for part in said], class_=one.level)


def _row(level: Level, name: str, value: Child) -> Html:
    sign = tag("span", SIGNS[level], class_="sign", aria_hidden="true")
    return tag("div", tag("dt", name), tag("dd", sign, tag("span", value)), class_=level)


def _rows(facts: Facts) -> Iterator[Row]:
    yield _tree(facts)
    yield _database(facts)
    yield _role(facts)
    yield _loading(facts)
    yield _queue(facts)
    yield _lock(facts)
    yield _watcher(facts)


def _tree(facts: Facts) -> Row:
    problem = facts.situation.problems.get("tree", "")
    if problem == NOT_CHECKED:
        return "note", "Tree", "not looked at yet"
    return ("bad", "Tree", "away") if problem else ("well", "Tree", "is there")


def _database(facts: Facts) -> Row:
    problems = facts.situation.problems
    found = (problems.get(name, "") for name in ("database", "migrations", "adoption"))
    problem = next(filter(None, found), facts.problem)
    if problem == NOT_CHECKED:
        return "note", "Database", problem
    if problem:
        ours = problems.get("migrations") or problems.get("adoption")
        return "bad", "Database", "not ready" if ours and not problems.get("database") else "away"
    states = facts.stored.states if facts.stored else {}
    told = ", ".join(f"{number:,} {state}" for state, number in states.items())
    return "well", "Database", f"segments: {told}" if told else "answers, nothing loaded yet"


def _role(facts: Facts) -> Row:
    if facts.stalls:
        return "bad", "Daemon", "; ".join(facts.stalls)
    role = facts.situation.role
    level: Level = "well" if role == "active" else "note"
    return level, "Daemon", {"idle": "waits for the database"}.get(role, role)


def _loading(facts: Facts) -> Row:
    stored = facts.stored
    if stored is None:
        return "note", "Loading", "unknown"
    if stored.control.paused:
        until = stored.control.paused_until
        when = words.moment(until, facts.situation.zone, facts.today) if until else "resume"
        return "warn", "Loading", ["paused until ", when]
    running = next((run for run in stored.runs if run.status == "running"), None)
    if running is not None and not facts.problem:
        began = words.moment(running.started_at, facts.situation.zone, facts.today)
        return "well", "Loading", [f"run {running.run_id} goes on, begun ", began]
    return ("note" if facts.problem else "well"), "Loading", "idle"


def _queue(facts: Facts) -> Row:
    waiting = facts.situation.waiting
    if not waiting:
        return "well", "Queue", "empty"
    oldest = sorted(waiting, key=lambda key: -waiting[key])
    named = ", ".join(str(key) for key in oldest[:_NAMED])
    more = f" and {len(oldest) - _NAMED:,} more" if len(oldest) > _NAMED else ""
    level: Level = "note" if facts.problem else "well"
    return level, "Queue", f"{words.count(len(waiting), 'segment')}: {named}{more}"


def _lock(facts: Facts) -> Row:
    if facts.stored is None:
        return "note", "Ingest lock", "unknown"
    holder = facts.stored.holder
    if holder is None:
        return "well", "Ingest lock", "free"
    if holder.application.startswith(OURS):
        return "well", "Ingest lock", "held by giddyup-watch"
    who = holder.application or "no name"
    return "note", "Ingest lock", f"held by {who} (pid {holder.pid})"


def _watcher(facts: Facts) -> Row:
    return "well", "Watcher", facts.situation.watcher


def _at(facts: Facts, stored: Stored) -> Html:
    return words.moment(stored.at, facts.situation.zone, facts.today)
