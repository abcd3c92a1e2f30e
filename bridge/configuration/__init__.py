"""The bridge's configuration: one YAML file, checked before anything connects, every mistake told at once."""

from bridge.configuration.loading import load
from bridge.configuration.mistakes import ConfigurationError, Mistake
from bridge.configuration.models import (
    AwsSink,
    CloudWatch,
    Configuration,
    CredentialsReference,
    DeadLetters,
    Destination,
    Group,
    Http,
    MqSink,
    MqSource,
    Offload,
    QueueManager,
    Route,
    SnsSink,
    SqsSink,
    SqsSource,
    Tracing,
)

__all__ = [
    "AwsSink",
    "CloudWatch",
    "Configuration",
    "ConfigurationError",
    "CredentialsReference",
    "DeadLetters",
    "Destination",
    "Group",
    "Http",
    "Mistake",
    "MqSink",
    "MqSource",
    "Offload",
    "QueueManager",
    "Route",
    "SnsSink",
    "SqsSink",
    "SqsSource",
    "Tracing",
    "load",
]
