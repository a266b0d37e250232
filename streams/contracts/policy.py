"""The saga's policy, for the apps that follow it."""

from streams.contracts.current import stanza
from streams.contracts.mistakes import TopologyError
from streams.domain.waves import SagaPolicy


def saga_policy(saga: str = "leads") -> SagaPolicy:
    """Windows, waves and ages of this saga; raises TopologyError where the map has none under that name."""
    policy = stanza(saga).policy
    if policy is None:
        raise TopologyError(f"{saga} is no saga of the map: it has no window, max_age, keep and waves")
    return policy
