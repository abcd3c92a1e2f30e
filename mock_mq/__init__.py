"""A queue manager that speaks IBM MQ's client protocol, for trying, testing and debugging MQ programs without MQ."""

__version__ = "0.1.0"
