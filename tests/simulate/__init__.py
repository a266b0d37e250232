"""The runtime's real code over the Kafka in memory; one seed decides everything that happens to it."""
