#!/usr/bin/env python
"""Crossdock's command line: `python cli.py VERB --help` shows each verb with an example."""

import click

from streams.verbs import options
from streams.verbs.contracts import compose, schemas, topics
from streams.verbs.dead_commands import drop, replay
from streams.verbs.dead_letters import dead
from streams.verbs.doctor import doctor
from streams.verbs.kafka import kafka
from streams.verbs.leads import leads
from streams.verbs.outbox import outbox
from streams.verbs.outside_world import feed, simulate
from streams.verbs.partner_replay import replay as deliver_again
from streams.verbs.partners import partners
from streams.verbs.running import demo, run
from streams.verbs.waiting import lag, parked


@click.group(cls=options.Verbs, is_root=True, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """An event backbone for two-sided marketplaces: Kafka underneath, Python and Faust on top."""


dead.add_command(replay)
dead.add_command(drop)
partners.add_command(deliver_again)
for verb in (
    demo, kafka, topics, schemas, run, feed, simulate, leads, dead, parked, partners, lag, doctor, outbox, compose,
):  # fmt: skip
    cli.add_command(verb)

if __name__ == "__main__":
    cli()
