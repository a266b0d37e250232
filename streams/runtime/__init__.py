"""The engine: the only layer that imports Faust, confluent-kafka and rocksdict."""
