"""A queue manager that speaks IBM MQ's client protocol: try, test and debug MQ programs without MQ."""

__version__ = "0.1.0"
