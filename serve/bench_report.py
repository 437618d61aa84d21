"""What `nmt bench serve` prints."""

import json
from typing import Any

from rich.console import Console
from rich.table import Table


def print_serve_figures(found: dict[str, Any], as_json: bool, console: Console) -> None:
    """Print the figures as JSON, or as tables."""
    if as_json:
        print(json.dumps(found, indent=1))
        return
    table = Table("what", "figure", title=f"{found['clients']} clients, batches of {found['batch_sentences']}", title_justify="left")
    table.columns[1].justify = "right"
    for what, figure in (
        ("the model alone", f"{found['offline_per_second']:.1f} sentences/s"),
        ("served", f"{found['served_per_second']:.1f} sentences/s"),
        ("share of the model alone", f"{100 * found['share_of_offline']:.1f} %"),
        ("served, one at a time", f"{found['one_at_a_time_per_second']:.1f} sentences/s"),
        ("times one at a time", f"{found['times_one_at_a_time']:.2f}"),
        ("latency p50 / p95 / p99", f"{found['p50_ms']:.0f} / {found['p95_ms']:.0f} / {found['p99_ms']:.0f} ms"),
        ("a lone client, p50", f"{found['lone_p50_ms']:.1f} ms"),
        ("the model alone, one sentence, p50", f"{found['bare_p50_ms']:.1f} ms"),
        ("the server adds", f"{found['server_adds_ms']:.2f} ms"),
        ("memory of the server", f"{found['server_resident_mebibytes']:.0f} MiB"),
    ):
        table.add_row(what, figure)
    console.print(table)
    sizes = Table("batch size up to", "batches", title="how full the batches were", title_justify="left")
    sizes.columns[1].justify = "right"
    for bound, count in found["batch_rows"].items():
        sizes.add_row(bound, str(count))
    console.print(sizes)
    if "overload" in found:
        over = found["overload"]
        console.print(
            f"at {over['times_capacity']:g} times the capacity: answers by status {over['statuses']}, of the good ones "
            f"p50 {over['p50_ms']:.0f} ms, p99 {over['p99_ms']:.0f} ms; refusals without Retry-After {over['refused_without_retry_after']}"
        )
