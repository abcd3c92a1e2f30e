"""The bridge's configuration: one YAML file, checked before anything connects, every mistake told at once."""

from bridge.configuration.loading import load
from bridge.configuration.mistakes import ConfigurationError, Mistake
from bridge.configuration.models import (
    Configuration,
    CredentialsReference,
    DeadLetters,
    Group,
    MqSink,
    MqSource,
    Offload,
    QueueManager,
    Route,
    SnsSink,
    SqsSink,
    SqsSource,
)

__all__ = [
    "Configuration",
    "ConfigurationError",
    "CredentialsReference",
    "DeadLetters",
    "Group",
    "Mistake",
    "MqSink",
    "MqSource",
    "Offload",
    "QueueManager",
    "Route",
    "SnsSink",
    "SqsSink",
    "SqsSource",
    "load",
]
