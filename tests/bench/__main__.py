"""The figures of the issue, ours beside a bare loop in the same run. `uv run python -m tests.bench [--smoke] [ROW…]`"""

import os
import tempfile
from pathlib import Path

import click

from tests.bench import feed, ground, race
from tests.bench.inputs import Inputs
from tests.bench.rows import ROWS
from tests.kafka_server import KafkaServer


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--smoke", is_flag=True)
@click.option("--olist", type=click.Path(path_type=Path, exists=True))
@click.argument("rows", nargs=-1)
def main(smoke: bool, olist: Path | None, rows: tuple[str, ...]) -> None:
    pace = race.Pace(1.0, 2.0, 1) if smoke else race.Pace(2.0, 4.5, 3)
    with tempfile.TemporaryDirectory(prefix="crossdock-bench-") as home, KafkaServer() as kafka:
        os.environ["CROSSDOCK_BROKER"], os.environ["CROSSDOCK_HOME"] = kafka.bootstrap, home
        settings = ground.settings()
        ground.prepare(settings)
        inputs = Inputs(olist)
        for row in rows or ROWS:
            app = ground.spec(ROWS[row], f"{row}-feed")
            ground.lay_out(settings, app)
            count = feed.lay_ready(settings, app, inputs.of(row, ROWS[row].events // (2 if smoke else 1)))
            for number in range(pace.rounds):
                for contestant in ("ours", "bare"):
                    lap = race.run(settings, contestant, row, f"{row}-{contestant}-{number}", pace, count, kafka.pid)
                    print(row, lap, flush=True)


if __name__ == "__main__":
    main()
