"""What `nmt bench prepare`, `train` and `translate` print: the figures as one JSON object, or as tables."""

import json
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table

from nmt.provenance import commit, hardware, versions

Rows = Iterable[tuple[str, str]]


def with_provenance(found: dict[str, Any]) -> dict[str, Any]:
    """The figures with what they were measured on."""
    return found | {"hardware": hardware(), "commit": commit(), "versions": versions()}


def print_train_figures(found: dict[str, Any], as_json: bool, console: Console) -> None:
    """Print what `bench_train` found."""
    if as_json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
        return
    rows = [
        ("target tokens/s, padding not counted", _spread(found["target_tokens_per_second"], 0)),
        ("source tokens/s, padding not counted", _spread(found["source_tokens_per_second"], 0)),
        ("updates/s", _spread(found["updates_per_second"], 2)),
        ("padding", f"{found['padding_share']:.1%}"),
        ("batch shapes", f"{found['batch_shapes']}"),
        ("tracing", f"{found['tracing_seconds']:.1f} s"),
        ("peak memory", f"{found['peak_memory_gib']:.2f} GiB"),
        ("parameters", f"{found['parameters']:,}"),
        ("FLOPs a target token, forward and backward", f"{found['megaflops_per_target_token']:.1f} M"),
        ("model GFLOP/s", _spread(found["achieved_gflops_per_second"], 1)),
        (f"share of the GEMM rate ({found['gemm_for_share']})", _share(found["share_of_gemm"])),
    ]
    console.print(_table(f"{found['updates']} updates in {found['rounds']} rounds: median (min .. max)", rows))
    console.print(_gemm(found["gemm"]))
    if "profile" in found:
        console.print(_profile(found["profile"]))
    if "against" in found:
        _print_pairs(found["against"], console)
    console.print(f"{found['device']}, LSTM: {found['kernel']}", soft_wrap=True, markup=False)
    _print_machine(found, console)


def print_prepare_figures(found: dict[str, Any], as_json: bool, console: Console) -> None:
    """Print what `bench_prepare` found."""
    if as_json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
        return
    table = Table("stage", title=f"{found['text']}: {found['pairs']:,} pairs, {found['kept']:,} kept", title_justify="left")
    table.add_column("seconds", justify="right")
    table.add_column("pairs/s", justify="right")
    for name, stage in found["stages"].items():
        table.add_row(name, f"{stage['seconds']:,.1f}", f"{stage['pairs_per_second']:,}")
    table.add_section()
    table.add_row("from text to ids", f"{found['seconds']:,.1f}", f"{found['pairs_per_second']:,}")
    console.print(table)
    batches = found["batches"]
    rows = [
        ("peak memory of preparing", f"{found['prepare_peak_memory_gib']:.2f} GiB"),
        ("batches made, one thread", f"{batches['batches']:,}"),
        ("tokens/s of both sides, padding not counted", f"{batches['tokens_per_second']:,}"),
        ("peak memory", f"{found['peak_memory_gib']:.2f} GiB"),
    ]
    console.print(_table("an epoch of batches", rows))
    _print_machine(found, console)


def print_translate_figures(found: dict[str, Any], as_json: bool, console: Console) -> None:
    """Print what `bench_translate` found."""
    if as_json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
        return
    lines = f"{found['lines']:,} lines, {found['translated_sentences']:,} different sentences to translate"
    general = [
        ("loading", f"{found['load_seconds']:.2f} s (TensorFlow {found['tensorflow_import_seconds']:.2f} s before)"),
        ("the first line", f"{found['first_line_seconds']:.2f} s"),
        ("peak memory", f"{found['peak_memory_gib']:.2f} GiB"),
        ("reading memory", f"{found['read_bandwidth']['gigabytes_per_second']:.1f} GB/s ({found['read_bandwidth']['by']})"),
    ]
    console.print(_table(f"{found['model']}: {lines}", general))
    console.print(_gemm(found["gemm"]))
    for beam in found["beams"]:
        rows = [
            ("sentences/s", _spread(beam["sentences_per_second"], 1)),
            ("target pieces/s", _spread(beam["target_pieces_per_second"], 0)),
            ("one sentence at a time, p50", f"{_spread(beam['p50_ms'], 1)} ms"),
            ("one sentence at a time, p95", f"{_spread(beam['p95_ms'], 1)} ms"),
            ("padding of the batches", f"{beam['padding_share']:.1%}"),
            ("FLOPs a sentence", f"{beam['megaflops_per_sentence']:,.1f} M"),
            ("bound by GEMM, sentences/s", _spread(beam["bound_sentences_per_second"], 1)),
            ("share of that bound", _share(beam["share_of_bound"])),
        ]
        if bound := beam.get("memory_bound"):
            rows += [
                ("weights read a step", f"{bound['megabytes_per_step']:.2f} MB, {bound['mean_steps']:.1f} steps a sentence"),
                ("bound by memory, one sentence", f"{bound['bound_ms']:.2f} ms"),
                ("share of that bound, p50", f"{bound['share_reached']:.1%}"),
            ]
        if score := beam.get("bleu"):
            rows.append(("BLEU", f"{score['score']:.2f}"))
        console.print(_table(f"beam {beam['beam']}, {found['rounds']} rounds: median (min .. max)", rows))
        if score:
            console.print(score["signature"], soft_wrap=True, markup=False)
        if "against" in beam:
            _print_pairs(beam["against"], console)
    _print_machine(found, console)


def _table(title: str, rows: Rows) -> Table:
    table = Table("what", title=title, title_justify="left")
    table.add_column("figure", justify="right")
    for what, figure in rows:
        table.add_row(what, figure)
    return table


def _profile(profile: dict[str, Any]) -> Table:
    table = Table("part of an update", title=f"the parts of {profile['batches']} updates, each timed on its own", title_justify="left")
    for name in ("ms", "share", "GFLOP/s"):
        table.add_column(name, justify="right")
    for name, part in profile["parts"].items():
        gflops = part.get("gflops_per_second")
        table.add_row(name, f"{part['milliseconds']['median']:.2f}", f"{part['share']:.1%}", "" if gflops is None else f"{gflops:.1f}")
    table.add_section()
    whole = profile["whole_milliseconds"]["median"]
    table.add_row("sum of the parts", f"{whole * profile['sum_share']:.2f}", f"{profile['sum_share']:.1%}", "")
    table.add_row("whole update", f"{whole:.2f}", "100.0%", "")
    return table


def _print_pairs(against: dict[str, Any], console: Console) -> None:
    table = Table("round", title=f"in turn with another program, {against['unit']}", title_justify="left")
    for name in ("ours", "theirs", "ratio"):
        table.add_column(name, justify="right")
    for number, pair in enumerate(against["pairs"], start=1):
        table.add_row(str(number), f"{pair['ours']:,.1f}", f"{pair['theirs']:,.1f}", f"{pair['ratio']:.2f}")
    table.add_section()
    table.add_row("median ratio", "", "", _spread(against["ratio"], 2))
    console.print(table)
    console.print(f"theirs: {against['command']}", soft_wrap=True, markup=False)


def _gemm(gemm: dict[str, Any]) -> Table:
    table = Table("bare matrix product", "sizes", title="what the machine reaches, measured in turn with the rounds", title_justify="left")
    table.add_column("GFLOP/s", justify="right")
    for name, one in gemm.items():
        table.add_row(name, one["product"], _spread(one["gflops_per_second"], 1))
    return table


def _print_machine(found: dict[str, Any], console: Console) -> None:
    console.print(f"{found['hardware']}; commit {found['commit'] or 'of an installed package'}", soft_wrap=True, markup=False)
    console.print(", ".join(f"{name} {version}" for name, version in found["versions"].items()), soft_wrap=True, markup=False)


def _spread(values: dict[str, float], digits: int) -> str:
    median, low, high = (f"{values[name]:,.{digits}f}" for name in ("median", "min", "max"))
    return f"{median} ({low} .. {high})"


def _share(values: dict[str, float]) -> str:
    return f"{values['median']:.1%} ({values['min']:.1%} .. {values['max']:.1%})"
