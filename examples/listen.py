"""Print what giddyup-watch loads, and what it finds missing, as it happens.

    python listen.py postgresql://me@host/giddyup

Needs psycopg 3. A NOTIFY is not kept for whoever does not listen: after a reconnect, ask
racing.etl_runs for what has happened since the last run that was heard of.
"""

import json
import sys
import threading

import psycopg

RETRY_SECONDS = 1.0


def listen(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("LISTEN giddyup_ingest")
        conn.execute("LISTEN giddyup_gap")
        print("listening", flush=True)
        for heard in conn.notifies():
            told = json.loads(heard.payload)
            if heard.channel == "giddyup_ingest":
                days = ", ".join(told["days"]) or "too many days to name"
                runners = told["runners"]
                written = f"{runners['inserted']} new, {runners['updated']} changed runners"
                print(f"{told['segment']}: {days}: {written}", flush=True)
            else:
                print(f"gap {told['gap_id']} {told['action']}: {told['finding']}", flush=True)


def main() -> None:
    while True:
        try:
            listen(sys.argv[1])
        except psycopg.OperationalError as error:
            print(f"lost: {error}", file=sys.stderr, flush=True)
            threading.Event().wait(RETRY_SECONDS)


if __name__ == "__main__":
    main()
