"""Prints cases with the decision that is right for each, one JSON object a line: {"name", "case", "decision", "reason"}.

    python3 matrix.py examples | operators | decisions

`reference.py` says what a case is. `examples` are those of `examples.jsonl` with the decisions written there by hand; the other
two are made here and decided by the reference. The same cases come each time.
"""

import json
import pathlib
import sys

import cells
import operators
import reference

EXAMPLES = pathlib.Path(__file__).with_name("examples.jsonl")


def examples():
    """Each example's policies with each of its requests."""
    for line in EXAMPLES.read_text("utf-8").splitlines():
        example = json.loads(line)
        for request in example["requests"]:
            decision = request.pop("decision")
            yield f"{example['name']}: {request.pop('with')}", example["policies"] | request, decision, "written by hand"


def decided(found):
    for name, case in found:
        yield (name, case, *reference.decide(case))


def operator_cells():
    for family in (operators.truth_table, operators.values, operators.matches, operators.blocks):
        yield from family()


FAMILIES = {
    "examples": examples,
    "operators": lambda: decided(operator_cells()),
    "decisions": lambda: decided(cells.decisions()),
}


def main():
    for name, case, decision, reason in FAMILIES[sys.argv[1]]():
        print(json.dumps({"name": name, "case": case, "decision": decision, "reason": reason}))


if __name__ == "__main__":
    main()
