"""How well messages are routed: on public sets, on this project's own, by confidence; and how quickly.

    python benchmarks/routing.py [--data DIR] [--only NAME ...] [--split val] [--json FILE] [--plot FILE] [--embedded]

Public sets are read from the folder that `--data` names, one folder a set (benchmarks/routing_sets.py says which, where
from, and their licences); a set that is not there is left out with a line that says so. Nothing that ships was fitted
to any of them. Their own labels are learned by the same design as the product's: the same encoder, kernel ridge.
Rows marked "measured before" are baselines measured before this program was written; all others are computed here.

Encoding 27,000 texts takes most of the time: ten minutes on one core, and the exact fit to CLINC150's 15,000 three GB.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from rich.console import Console

from benchmarks import routing_intents, routing_own, routing_speed, routing_tools
from benchmarks.routing_report import Report
from benchmarks.routing_sets import SetMissingError
from metahuman.deciding import RoutingEncoder, home_classifier
from metahuman.home import Home
from metahuman.routing.kernel import Array
from metahuman.state.errors import ModelMissing
from metahuman.state.files import write_json


def sections(report: Report, options: argparse.Namespace, home: Home) -> dict[str, Callable[[], None]]:
    """Return what can be measured, by name."""
    data, split, product = options.data, options.split, home_classifier(home)
    encoder = cache(RoutingEncoder)

    def encode(texts: Sequence[str]) -> Array:
        return encoder().encode(texts)

    return {
        "intents": partial(routing_intents.intents, report, data, encode, split),
        "transfer": partial(routing_intents.transfer, report, data, encode, split),
        "turn_gate": partial(routing_tools.turn_gate, report, data, encode),
        "tool_fit": partial(routing_tools.tool_fit, report, data, encode),
        "tool_fit_elsewhere": partial(routing_tools.tool_fit_elsewhere, report, data, encode),
        "specialists": partial(routing_intents.specialist, report, data, home),
        "unseen": partial(routing_own.unseen, report),
        "own_sets": partial(routing_own.own_sets, report, product),
        "cascade": partial(routing_own.cascade, report, product, embedded=options.embedded, plot=options.plot),
        "robustness": partial(routing_speed.robustness, report, product),
        "latency": partial(routing_speed.latency, report, product, home),
    }


def parsed() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data"), help="the folder of the public sets")
    parser.add_argument("--split", default="val", help="the split of CLINC150 that is asked about")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="measure these sections only")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers to FILE")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the cascade's curve into FILE")
    parser.add_argument("--embedded", action="store_true", help="the curve with the embedded model too: minutes")
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    options, console = parsed(), Console(width=120 if not sys.stdout.isatty() else None)
    report = Report(console)
    report.note(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        known = sections(report, options, Home(Path(folder)))
        for name in options.only or known:
            if name not in known:
                raise SystemExit(f"--only {name}: it is none of {', '.join(known)}")
            try:
                known[name]()
            except (SetMissingError, ModelMissing) as error:
                report.note(f"{name} not measured: {error}")
    if options.json:
        write_json(options.json, report.found)


if __name__ == "__main__":
    main()
