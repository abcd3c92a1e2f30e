"""The bridge daemon: messages from IBM MQ to Amazon SNS and SQS, and back, at least once, always."""

__version__ = "0.1.0"
