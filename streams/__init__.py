"""Crossdock: an event backbone for two-sided marketplaces on Kafka."""
