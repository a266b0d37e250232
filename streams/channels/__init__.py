"""How a partner is reached; one file a transport."""


class ChannelError(Exception):
    """A channel cannot be opened as its stanza and the environment stand; the message says what to change."""
