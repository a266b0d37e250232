"""The lead saga: one judge a lead. `faust -A streams.leads worker`"""

from functools import partial

from streams.contracts.current import stanza
from streams.contracts.policy import saga_policy
from streams.domain.lead import decide
from streams.domain.lead_state import LeadState
from streams.runtime.app import build

app = build(stanza("leads"), partial(decide, policy=saga_policy()), state=LeadState)
