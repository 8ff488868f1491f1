"""Metrics of one isolate, in Prometheus's text format under OpenTelemetry's names.

Names: the semantic conventions of OpenTelemetry for HTTP servers and generative AI, written as its
Prometheus exporter does. Format: prometheus.io/docs/instrumenting/exposition_formats, 0.0.4.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

OTHER = "_OTHER"  # OpenTelemetry's word for a value that is not told
MAX_SERIES = 500  # of one metric; what is beyond them is counted together
HTTP_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
GEN_AI_S = (0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84, 327.68, 655.36)
SIZES = (256.0, 4096.0, 65_536.0, 262_144.0, 1_048_576.0, 4_194_304.0, 16_777_216.0, 33_554_432.0)

Labels = tuple[str, ...]


@dataclass(slots=True)
class Histogram:
    """Values in fixed buckets: `counts` has one more than `bounds`, for what is above the last."""

    bounds: Sequence[float]
    counts: list[int] = field(default_factory=list)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        """Count a value; one on a bound is below it."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


@dataclass(slots=True)
class Metric:
    """One metric with its series by label values; a counter without `bounds`."""

    name: str
    help: str
    labels: Labels
    bounds: Sequence[float] = ()
    counts: dict[Labels, float] = field(default_factory=dict)
    histograms: dict[Labels, Histogram] = field(default_factory=dict)

    def add(self, *values: str, by: float = 1.0) -> None:
        """Count something."""
        key = values if values in self.counts else self._key(values, self.counts)
        self.counts[key] = self.counts.get(key, 0.0) + by

    def observe(self, value: float, *values: str) -> None:
        """Put a value into its bucket."""
        histogram = self.histograms.get(values)
        if histogram is None:
            key = self._key(values, self.histograms)
            histogram = self.histograms.setdefault(key, Histogram(self.bounds))
        histogram.add(value)

    def _key(self, values: Labels, series: Mapping[Labels, object]) -> Labels:
        """The labels of a series that is new."""
        return values if len(series) < MAX_SERIES else (OTHER,) * len(values)

    def lines(self) -> Iterator[str]:
        """The metric in Prometheus's format."""
        kind = "histogram" if self.bounds else "counter"
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} {kind}"
        for values, count in self.counts.items():
            yield f"{self.name}{_labelled(self.labels, values)} {count:g}"
        for values, histogram in self.histograms.items():
            below = 0
            for bound, count in zip((*self.bounds, None), histogram.counts, strict=True):
                below += count
                edge = "+Inf" if bound is None else f"{bound:g}"
                labelled = _labelled((*self.labels, "le"), (*values, edge))
                yield f"{self.name}_bucket{labelled} {below}"
            labelled = _labelled(self.labels, values)
            yield f"{self.name}_sum{labelled} {histogram.total:.6f}"
            yield f"{self.name}_count{labelled} {below}"


_HTTP = ("http_request_method", "http_route", "http_response_status_code")
_GEN_AI = ("gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model")


class Metrics:
    """The counters and histograms of one isolate, from its start.

    Label values come from fixed sets: the routes, the `providers` and `models` of the catalog, and
    the codes of failures. Whatever else is `_OTHER`: no caller adds a series.
    """

    def __init__(
        self, providers: frozenset[str] = frozenset(), models: frozenset[str] = frozenset()
    ) -> None:
        self._providers, self._models = providers, models
        self.active = 0
        self.requests = Metric(
            "http_server_request_duration_seconds",
            "Requests by route, until the last byte of the answer was handed over.",
            (*_HTTP, "error_type"),
            HTTP_S,
        )
        self.request_bytes = Metric(
            "http_server_request_body_size_bytes", "Bodies of requests.", ("http_route",), SIZES
        )
        self.response_bytes = Metric(
            "http_server_response_body_size_bytes", "Bodies of answers.", ("http_route",), SIZES
        )
        self.operations = Metric(
            "gen_ai_client_operation_duration_seconds",
            "Requests and tasks that were to be served by a model.",
            (*_GEN_AI, "error_type"),
            GEN_AI_S,
        )
        self.stages = Metric(
            "darkroom_stage_duration_seconds",
            "Stages of a picture: queue, run, fetch.",
            ("gen_ai_provider_name", "darkroom_stage"),
            GEN_AI_S,
        )
        self.attempts = Metric(
            "darkroom_attempts_total",
            "Attempts at upstreams, and those passed over, by their result.",
            ("gen_ai_provider_name", "darkroom_result"),
        )
        self.pictures = Metric(
            "darkroom_pictures_total",
            "Pictures that were finished.",
            ("gen_ai_provider_name", "gen_ai_request_model"),
        )
        self.cache = Metric(
            "darkroom_result_cache_total", "Requests by what the cache had.", ("darkroom_cache",)
        )
        self.tasks = Metric(
            "darkroom_tasks_total",
            "Background tasks that ended, and whether they were taken up after a crash.",
            ("darkroom_outcome", "darkroom_resumed"),
        )

    def provider(self, name: str | None) -> str:
        """A provider's id as a label."""
        return name if name in self._providers and name else OTHER

    def model(self, name: str | None) -> str:
        """A model's id as a label; `_OTHER` for one that the catalog has no row for."""
        return name if name in self._models and name else OTHER

    def render(self, gauges: Mapping[str, tuple[str, float]]) -> str:
        """All of it as text; `gauges` are what is so now, by name, with their help."""
        metrics = (value for value in vars(self).values() if isinstance(value, Metric))
        now = {
            "http_server_active_requests": ("Requests that are not at an end.", self.active),
            **gauges,
        }
        lines = [line for metric in metrics for line in metric.lines()]
        for name, (words, value) in now.items():
            lines += [f"# HELP {name} {words}", f"# TYPE {name} gauge", f"{name} {value:g}"]
        return "\n".join(lines) + "\n"


def _labelled(names: Labels, values: Labels) -> str:
    pairs = (f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True))
    return "{" + ",".join(pairs) + "}" if names else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
