"""The whole system at once: Kafka, apps, providers, partners and orders, watched until every lead has ended."""
