"""A flow of one's own in one process: the real engine on a Kafka in memory, with a clock that the test moves."""

from streams.testing.flow import DeadLetter, Flow

__all__ = ["DeadLetter", "Flow"]
