"""The bridge's configuration: one YAML file, checked before anything connects, every mistake told at once."""

from bridge.configuration.loading import load
from bridge.configuration.mistakes import ConfigurationError, Mistake
from bridge.configuration.models import (
    CloudWatch,
    Configuration,
    CredentialsReference,
    DeadLetters,
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
    "CloudWatch",
    "Configuration",
    "ConfigurationError",
    "CredentialsReference",
    "DeadLetters",
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
