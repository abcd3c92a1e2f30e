"""What wakes somebody up, and what he then looks at: alarms, a dashboard, queries for the log."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.data import DataStack
from infra.service import ServiceStack
from infra.settings import Integration

_RECONNECTS, _RECONNECTS_WITHIN = 5, Duration.minutes(15)
_DAYS_LEFT = 30
_ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
_BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
_QUIET = cloudwatch.TreatMissingData.NOT_BREACHING
_LOUD = cloudwatch.TreatMissingData.BREACHING


class MonitoringStack(Stack):
    """An integration's alarms, which go to one topic, its dashboard, and saved queries."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        integration: Integration,
        data: DataStack,
        service: ServiceStack,
        **given: Any,
    ) -> None:
        super().__init__(
            scope, name, description=f"Alarms of the bridge's integration {integration.name}", **given
        )
        self._integration, self._data, self._service = integration, data, service
        self._topic = sns.Topic(
            self,
            "Alarms",
            topic_name=f"bridge-{integration.name}-alarms",
            master_key=data.key,
            enforce_ssl=True,
        )
        if integration.alarms.email:
            sns.Subscription(
                self,
                "Email",
                topic=self._topic,
                protocol=sns.SubscriptionProtocol.EMAIL,
                endpoint=integration.alarms.email,
            )
        self._alarms: list[cloudwatch.Alarm] = []
        self._watch_service()
        self._watch_routes()
        self._watch_queues()
        self._dashboard()
        self._queries()
        CfnOutput(self, "AlarmTopic", value=self._topic.topic_arn)

    def _watch_service(self) -> None:
        self._alarm(
            "no-task",
            self._tasks(),
            "No task is running: all waits at its source. See the service's events and the log.",
            below=1,
            periods=3,
            missing=_LOUD,
            page="no-task",
        )
        self._alarm(
            "dead-letters",
            self._own("bridge_dead_letters_total", "Sum"),
            "Messages were set aside: the saved query 'set aside' says why and where they are.",
            above=0,
            page="dead-letters",
        )
        self._alarm(
            "certificate",
            self._own("bridge_certificate_days_left", "Minimum", period=Duration.hours(1)),
            f"A certificate expires within {_DAYS_LEFT} days: deploy.sh update_secrets.",
            below=_DAYS_LEFT,
            page="certificate",
        )

    def _watch_routes(self) -> None:
        oldest = self._integration.alarms.oldest_seconds
        for route in self._integration.routes:
            name = route["name"]
            # The best of all tasks: one that waits for its turn at a queue in order is not ready, and well.
            self._alarm(
                f"{name}-not-ready",
                self._own("bridge_route_ready", "Maximum", route=name),
                f"Route {name} waits: the saved query 'why a route waits' says for what, and what to do.",
                below=1,
                periods=5,
                missing=_LOUD,
                page="not-ready",
            )
            self._alarm(
                f"{name}-reconnects",
                self._own("bridge_reconnects_total", "Sum", period=_RECONNECTS_WITHIN, route=name),
                f"Route {name} loses the queue manager again and again: look at the network.",
                above=_RECONNECTS,
                page="reconnects",
            )
            if "mq" in route["from"]:
                self._alarm(
                    f"{name}-oldest",
                    self._own("bridge_source_oldest_age_seconds", "Maximum", route=name),
                    f"A message has waited on MQ queue {route['from']['mq']} for more than {oldest} s.",
                    above=oldest,
                    periods=3,
                    page="oldest-on-mq",
                )

    def _watch_queues(self) -> None:
        oldest = self._integration.alarms.oldest_seconds
        for name, queue in {**self._data.sources, **self._data.destinations}.items():
            word = name.removesuffix(".fifo")
            self._alarm(
                f"{word}-oldest",
                queue.metric_approximate_age_of_oldest_message(
                    period=Duration.minutes(1), statistic="Maximum"
                ),
                f"A message has waited on SQS queue {name} for more than {oldest} s.",
                above=oldest,
                periods=3,
                page="oldest-on-sqs",
            )
            redrive = self._data.redrive[name]
            self._alarm(
                f"{word}-redrive",
                redrive.metric_approximate_number_of_messages_visible(
                    period=Duration.minutes(1), statistic="Maximum"
                ),
                f"SQS moved messages of {name} away after many receives: see why, then start a redrive.",
                above=0,
                page="redrive",
            )

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        meaning: str,
        *,
        page: str,
        above: float | None = None,
        below: float | None = None,
        periods: int = 1,
        missing: cloudwatch.TreatMissingData = _QUIET,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            f"Alarm-{name}",
            alarm_name=f"bridge-{self._integration.name}-{name}",
            alarm_description=f"{meaning} Runbook: docs/runbook/{page}.md",
            metric=metric,
            threshold=above if above is not None else below or 0,
            comparison_operator=_ABOVE if above is not None else _BELOW,
            evaluation_periods=periods,
            treat_missing_data=missing,
        )
        action = actions.SnsAction(self._topic)
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)
        self._alarms.append(alarm)

    def _own(
        self, metric: str, statistic: str, *, period: Duration | None = None, **dimensions: str
    ) -> cloudwatch.Metric:
        """One of the bridge's own metrics; docs/metrics.md lists them."""
        return cloudwatch.Metric(
            namespace=self._integration.namespace,
            metric_name=metric,
            dimensions_map=dimensions or None,
            statistic=statistic,
            period=period or Duration.minutes(1),
        )

    def _tasks(self) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="ECS/ContainerInsights",
            metric_name="RunningTaskCount",
            dimensions_map={
                "ClusterName": self._service.cluster.cluster_name,
                "ServiceName": self._service.service.service_name,
            },
            statistic="Minimum",
            period=Duration.minutes(1),
        )

    def _dashboard(self) -> None:
        board = cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=f"bridge-{self._integration.name}",
            default_interval=Duration.hours(3),
        )
        routes = [route["name"] for route in self._integration.routes]

        def graph(title: str, metrics: list[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
            return cloudwatch.GraphWidget(title=title, left=metrics, width=8, height=6)

        def by_route(metric: str, statistic: str) -> list[cloudwatch.IMetric]:
            return [self._own(metric, statistic, route=name) for name in routes]

        def delivered(metric: str) -> list[cloudwatch.IMetric]:
            return [self._own(metric, "Sum", route=name, outcome="delivered") for name in routes]

        queues = {**self._data.sources, **self._data.destinations}
        board.add_widgets(
            cloudwatch.AlarmStatusWidget(title="Alarms", alarms=self._alarms, width=24, height=3)
        )
        board.add_widgets(
            graph("Messages delivered", delivered("bridge_messages_total")),
            graph("Bytes delivered", delivered("bridge_bytes_total")),
            graph("Dead letters", by_route("bridge_dead_letters_total", "Sum")),
        )
        board.add_widgets(
            graph("Depth of MQ queues", by_route("bridge_source_depth", "Maximum")),
            graph("Oldest message on MQ queues (s)", by_route("bridge_source_oldest_age_seconds", "Maximum")),
            graph("Ready", by_route("bridge_route_ready", "Maximum")),
        )
        board.add_widgets(
            graph(
                "Visible on SQS queues",
                [each.metric_approximate_number_of_messages_visible() for each in queues.values()],
            ),
            graph("Back-outs", by_route("bridge_back_outs_total", "Sum")),
            graph("Tasks", [self._tasks()]),
        )

    def _queries(self) -> None:
        saved = {
            "set aside": (
                ["@timestamp", "route", "reason", "where", "message_id"],
                "event = 'message_set_aside'",
            ),
            "why a route waits": (
                ["@timestamp", "event", "route", "reason", "since_seconds", "after_seconds"],
                (
                    "event in ['route_waiting', 'route_setting_aside', 'route_going_on', 'route_stopped', "
                    "'depth_unknown']"
                ),
            ),
            "what routes have done": (
                ["@timestamp", "route", "units", "messages", "bytes", "dead_letters", "back_outs"],
                "event in ['route_summary', 'route_ended']",
            ),
        }
        for name, (fields, condition) in saved.items():
            logs.QueryDefinition(
                self,
                f"Query-{name.replace(' ', '-')}",
                query_definition_name=f"bridge/{self._integration.name}/{name}",
                query_string=logs.QueryString(
                    fields=fields, filter_statements=[condition], sort="@timestamp desc", limit=200
                ),
                log_groups=[self._data.log_group],
            )
