"""Runs Schemathesis over the host's document, against a host of its own.

Arguments: the program. `CONTRACT_SECONDS` says how long (100), `CONTRACT_SEED` which examples.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
import xml.etree.ElementTree as ElementTree
from pathlib import Path

HERE = Path(__file__).parent
SECONDS = int(os.environ.get("CONTRACT_SECONDS", "100"))
SEED = os.environ.get("CONTRACT_SEED", "20261122")
CASES = 60
WEBHOOKS = 5
# What the queues of the default policy ask for.
SKILLS = ["billing", "legal_review", "security_operations"]


def command(program, data, *arguments):
    """Runs a command of the program, and gives what it printed."""
    run = subprocess.run([program, *arguments, "--data", data], check=True, capture_output=True, text=True)
    return run.stdout.strip()


def reviewer(program, data):
    """A person who may review and audit everything and owns policies, by bearer token."""
    skills = [argument for skill in SKILLS for argument in ("--skill", skill)]
    person = command(program, data, "principal", "create", "--tenant", "northwind", "--name", "Contract", *skills)
    command(program, data, "grant", "add", person, "--role", "reviewer", "--level", "9")
    command(program, data, "grant", "add", person, "--role", "auditor")
    command(program, data, "grant", "add", person, "--role", "policy_owner", "--tenant", "*")
    return command(program, data, "token", "create", person).split()[1]


def call(url, token, body=None, key=None):
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    if key is not None:
        headers["idempotency-key"] = key
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as answer:
        return json.load(answer)


def fill(url, edge, person):
    """Cases in every state that a command may find."""
    ids = []
    for number in range(CASES):
        question = f"Why was I charged twice, for the {number}th time?"
        body = {"user_question": question, "model_draft": "It is a hold.", "domain": "billing", "risk_level": "high"}
        case_id = call(f"{url}/v1/cases", edge, body, f"fill-{number}")["case"]["case_id"]
        ids.append(case_id)
        if number % 3 != 0:
            epoch = call(f"{url}/v1/cases/{case_id}/claim", person, {})["case"]["epoch"]
        if number % 3 == 2:
            decision = {"epoch": epoch, "verdict": "accepted", "outcome": "send"}
            call(f"{url}/v1/cases/{case_id}/decide", person, decision, f"decide-{number}")
    return ids


def propose(url, edge, person):
    """Proposals in some of the states that a command may find."""
    ids = []
    for number in range(CASES):
        action = {"tool": "billing.refund", "arguments": {"amount": "420.00", "currency": "USD", "customer_id": f"cust_{number}"}}
        body = {"actions": [action], "summary": "Charged twice."}
        ids.append(call(f"{url}/v1/proposals", edge, body, f"propose-{number}")["proposal"]["proposal_id"])
    for number, proposal_id in enumerate(ids):
        address = f"{url}/v1/proposals/{proposal_id}"
        view = call(address, person)
        while view["proposal"]["state"] == "previewing":
            time.sleep(0.1)
            view = call(address, person)
        if number % 4 == 1:
            call(f"{address}/approve", person, {"binding_digest": view["proposal"]["binding_digest"]}, f"approve-{number}")
        if number % 4 == 2:
            call(f"{address}/reject", person, {"reason": "not this customer"}, f"reject-{number}")
    return ids


def tally(report):
    """Operations that passed, failed and were not run, in each phase."""
    cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    skipped = [case for case in cases if case.find("skipped") is not None and case not in failed]
    return len(cases) - len(failed) - len(skipped), len(failed), len(skipped)


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        data = f"{folder}/data"
        serve = [program, "serve", "--samples", "--listen", "127.0.0.1:0", "--data", data]
        environment = {**os.environ, "COUNTERSIGN_LOG": "error"}
        log = open(f"{folder}/host.log", "w")
        host = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
        try:
            url = None
            for line in host.stdout:
                found = re.search(r"listens on (\S+)", line)
                url = found.group(1) if found else url
                if "tokens of the sample edges" in line:
                    break
            edge = json.loads(Path(data, "sample-edge.token").read_text())["northwind"]
            person = reviewer(program, data)
            webhook = {"url": "https://receiver.invalid/events"}
            webhooks = [call(f"{url}/v1/webhooks", edge, webhook, f"hook-{number}") for number in range(WEBHOOKS)]
            setting = {
                "caller": edge,
                "reviewer": person,
                "case_id": fill(url, edge, person),
                "proposal_id": propose(url, edge, person),
                "queue": [queue["queue"] for queue in call(f"{url}/v1/queues", person)["queues"]],
                "metric": [found["metric"] for found in call(f"{url}/v1/metrics", person)["metrics"]],
                "request_id": [f"req_contract_{number}" for number in range(20)],
                "hash": [call(f"{url}/v1/me", person)["policy"]["hash"]],
                "webhook_id": [made["webhook"]["webhook_id"] for made in webhooks],
            }
            environment = {
                **os.environ,
                "COUNTERSIGN_CONTRACT": json.dumps(setting),
                "SCHEMATHESIS_HOOKS": "hooks",
                "PYTHONPATH": str(HERE),
            }
            tool = [Path(sys.executable).parent / "schemathesis", "--config-file", HERE / "schemathesis.toml"]
            # Calls by themselves, then calls that build on each other's answers.
            phases = [("examples,coverage,fuzzing", SECONDS * 2 // 3), ("stateful", SECONDS // 3)]
            counts, sound = [], True
            for phase, seconds in phases:
                report = f"{folder}/{phase}.xml"
                options = ["--phases", phase, "--max-time", str(seconds), "--seed", SEED, "--warnings", "off"]
                reports = ["--report", "junit", "--report-junit-path", report]
                run = [*tool, "run", f"{url}/v1/openapi.json", *options, *reports, *sys.argv[2:]]
                sound &= subprocess.run(run, env=environment, cwd=folder).returncode == 0
                counts.append(tally(report))
            passed, failed, skipped = (sum(count) for count in zip(*counts))
            alive = host.poll() is None
            errors = Path(folder, "host.log").read_text()
        finally:
            host.terminate()
            host.wait()
    if errors:
        print(f"the host logged errors:\n{errors}")
    if not sound or not alive or errors:
        failed = max(failed, 1)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(str(Path(sys.argv[1]).resolve())))
