"""`python -m docs.model`: explore the protocol, whole or without one of its rules, and tell."""

import argparse
import sys

from docs.model.promise import ALWAYS, AT_THE_END
from docs.model.search import explore
from docs.model.state import FACTS, SLOTS, WHOLE, Fault, ProtocolRule


def main(arguments: list[str] | None = None) -> int:
    """Explore and print; 0 when the promise holds, 1 when a run breaks it."""
    parser = argparse.ArgumentParser(prog="python -m docs.model", description=__doc__)
    parser.add_argument(
        "--without",
        choices=[rule.value for rule in ProtocolRule],
        action="append",
        default=[],
        help="leave out a rule of the protocol, and see which run breaks the promise",
    )
    parser.add_argument(
        "--faults",
        type=int,
        choices=range(len(Fault) + 1),
        default=2,
        help="how many kinds of faults may strike in one run, each once (default 2; 4 takes long)",
    )
    options = parser.parse_args(arguments)
    left_out = {ProtocolRule(name) for name in options.without}
    exploration = explore(WHOLE - left_out, options.faults)
    states = exploration.states
    lines = [
        f"{len(FACTS)} facts, {len(SLOTS)} slots.",
        f"Faults: {', '.join(Fault)}; up to {options.faults} of them in a run, each once.",
        f"Left out: {', '.join(sorted(left_out)) or 'nothing'}.",
        f"Explored: {states:,} states, {exploration.steps:,} steps, {exploration.ends:,} ends.",
        "",
        *[
            f"{_describe_verdict(sentence, exploration.broken)} {sentence}"
            for sentence in (*ALWAYS, *AT_THE_END)
        ],
    ]
    if exploration.broken:
        lines += ["", "A shortest run that breaks it:"]
        lines += [f"{number:3}. {step}" for number, step in enumerate(exploration.trace, 1)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if exploration.broken else 0


def _describe_verdict(sentence: str, broken: str | None) -> str:
    if broken is None:
        return "holds: "
    return "BROKEN:" if sentence == broken else "not met before that:"


if __name__ == "__main__":
    sys.exit(main())
