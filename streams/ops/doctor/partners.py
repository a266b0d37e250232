"""Partners that cannot be reached as the environment stands, and partners that left while records wait for them."""

import asyncio
from collections.abc import Iterator

from streams.channels import ChannelError, open_channel
from streams.ops.doctor.finding import Case, Finding
from streams.ops.orphans import lost_partners, waiting
from streams.receivers import open_receiver


def unusable_channels(case: Case) -> Iterator[Finding]:
    """A channel that does not open: a missing secret, a wrong option."""
    for group, stanza in case.topology.stanzas.items():
        if stanza.channel is None:
            continue
        try:
            opened = open_channel(stanza.channel, case.cluster.settings, case.env)
        except ChannelError as error:
            yield Finding(
                f"partner {group}: {error}",
                "its app does not start; its messages wait in their topic as long as that keeps them",
                "set it where the workers run, then start them again",
            )
        else:
            asyncio.run(opened.close())


def unusable_receivers(case: Case) -> Iterator[Finding]:
    """As above, for what brings a context's messages in."""
    for group, stanza in case.topology.stanzas.items():
        if stanza.upstream is None:
            continue
        try:
            opened = open_receiver(stanza, case.cluster.settings, case.env)
        except ChannelError as error:
            yield Finding(
                f"{group}: {error}",
                "its app does not start; messages wait in the context's own broker or database",
                "set it where the workers run, then start them again",
            )
        else:
            asyncio.run(opened.close())


def orphans(case: Case) -> Iterator[Finding]:
    """Records that wait for a partner whom the map no longer has."""
    lost = lost_partners(case.topology, case.cluster.topics)
    for group, count in waiting(case.cluster, lost, case.clock()).items():
        yield Finding(
            f"{count} records wait for partner {group}, whom the map no longer has",
            "nobody delivers them, and `run` refuses to start",
            f"put its stanza back until they are delivered, or leave them: `run --abandon {group}`",
        )
