"""What Schemathesis has to know of the host besides its document: credentials, cases, and instants."""

import json
import os
import random

import schemathesis
from hypothesis import strategies as st

SETTING = json.loads(os.environ["COUNTERSIGN_CONTRACT"])
# Schemathesis seeds its own choices; these follow the same seed.
CHOICE = random.Random(os.environ.get("CONTRACT_SEED", "20261122"))
CALLER = {
    "createCase",
    "withdrawCase",
    "createProposal",
    "withdrawProposal",
    "recordDecisions",
    "recordObservation",
    "listWebhooks",
    "createWebhook",
    "removeWebhook",
    "listDeliveries",
    "replayDeliveries",
}


# Deadlines that a versioned case carries must lie ahead.
schemathesis.openapi.format(
    "date-time",
    st.builds(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}{}".format,
        st.integers(2100, 9998),
        st.integers(1, 12),
        st.integers(1, 28),
        st.integers(0, 23),
        st.integers(0, 59),
        st.integers(0, 59),
        st.sampled_from(["", ".5", ".123", ".123456789"]),
        st.sampled_from(["Z", "z", "+00:00", "-23:59", "+14:00"]),
    ),
)


@schemathesis.auth(refresh_interval=None)
class Bearer:
    """A sample edge sends and withdraws; a reviewer does everything else."""

    def get(self, case, context):
        who = "caller" if case.operation.definition.raw.get("operationId") in CALLER else "reviewer"
        return SETTING[who]

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_call(context, case, kwargs):
    """Most valid calls are about something that exists: an unknown id ends a call early."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    for name in case.path_parameters or {}:
        if name in SETTING and CHOICE.random() < 0.8 and case.meta.phase.name.value != "stateful":
            case.path_parameters[name] = CHOICE.choice(SETTING[name])
    # A cursor is what the host gave, and nothing that can be made up.
    if case.query:
        case.query.pop("cursor", None)
    name = case.operation.definition.raw.get("operationId")
    # The host calls what it is told to: nobody's address but one that can never be.
    if name == "createWebhook" and isinstance(case.body, dict):
        case.body["url"] = "https://receiver.invalid/events"
    # What was dropped lies before the batch.
    if name == "recordDecisions" and isinstance(case.body, dict):
        counts = [group["count"] for group in case.body.get("dropped") or []]
        if sum(counts) > case.body["sequence"]:
            case.body["dropped"] = None
    # An instant from another answer has passed.
    if name == "createCase" and isinstance(case.body, dict):
        if str(case.body.get("sla_deadline") or "9") < "2100":
            del case.body["sla_deadline"]
