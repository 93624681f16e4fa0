"""POST /api/v1/transactions with everything that guards it, against bare SQL; and when all write to one wallet.

    .venv/bin/python bench/posts.py

Over HTTP to gunicorn with the relay beside it: a session to look up, permissions, an Idempotency-Key for each request,
events, the access log. A transfer moves two wallets as a raw entry does; an expense adds its share and month's totals.
"""

from common import (
    VENDOR,
    Row,
    Sample,
    bad,
    clean_up_when_told_to_stop,
    drive,
    interleaved,
    rate,
    rates,
    ratio,
    running,
    scratch,
    table,
    told,
)

CREATED = 201


def rows(found: dict[str, list[Sample]]) -> list[Row]:
    made = []
    for name, samples in found.items():
        figure = told(samples)
        goal = "p95 ≤ 100 ms"
        if name.startswith("raw"):
            figure, goal = f"{rate(samples):.0f}/s, {bad(samples)}", ""
        elif name.startswith("hot"):
            other = found[name.replace("hot wallet: ", "")]
            figure += f"; {ratio(rates(samples), rates(other)):.2f} of any wallet's rate"
            goal = "≥ 0.8, no refusal"
        elif (raw := found.get("raw, c=8")) and "c=8" in name:
            figure += f"; {ratio(rates(samples), rates(raw)):.3f} of raw at 8"
            goal = "≥ 0.11, then 0.35 of raw; p95 ≤ 100 ms" + ("; ≥ 200/s" if "one worker" in name else "")
        made.append(Row(f"{name}, {VENDOR}", figure, goal))
    return made


def main() -> None:
    clean_up_when_told_to_stop()
    with scratch("financebot_bench_posts") as url:
        import raw
        from people import Writers, settle

        writers = Writers(settle())
        figures = {}
        if VENDOR == "postgresql":
            raw.prepare(url)
            figures = raw.figures(url)
        with running() as all_workers, running(workers=1) as single:
            for name, to, make, clients in (
                ("expense, c=1", all_workers, writers.expense, 1),
                ("expense, c=8", all_workers, writers.expense, 8),
                ("expense, c=8, one worker", single, writers.expense, 8),
                ("transfer, c=8", all_workers, writers.transfer, 8),
                ("transfer, c=8, one worker", single, writers.transfer, 8),
                ("hot wallet: expense, c=8", all_workers, writers.hot_expense, 8),
                ("expense, c=32", all_workers, writers.expense, 32),
                ("hot wallet: expense, c=32", all_workers, writers.hot_expense, 32),
            ):
                figures[name] = lambda to=to, make=make, n=clients: drive(to, make, clients=n, expect=CREATED)
            found = interleaved(figures)
    table(rows(found))


if __name__ == "__main__":
    main()
