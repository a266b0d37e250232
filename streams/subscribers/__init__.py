"""One file is one subscriber, one Faust app and one consumer group."""
