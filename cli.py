#!/usr/bin/env python
"""Crossdock's command line: `python cli.py VERB --help` shows each verb with an example."""

import click

from streams.verbs import options
from streams.verbs.kafka import kafka


@click.group(cls=options.Verbs, is_root=True, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """An event backbone for two-sided marketplaces: Kafka underneath, Python and Faust on top."""


for verb in (kafka,):
    cli.add_command(verb)

if __name__ == "__main__":
    cli()
