"""The verbs of the command line, one file a group; what they do lives in streams/ops."""
