"""Cells of the whole decision: who calls, what each kind of policy says of it, what is asked.

A cell is a choice for each dimension. All choices that matter to each other most are tried; of the rest of the product a sample is
drawn with a fixed seed, and the spelling of each policy with it.
"""

import itertools
import json
import random

from operators import ACCOUNT, ALIAS, KEY, OTHER_KEY, document

FOREIGN = "444455556666"
TOTAL = 20_000
SEED = 20261122


def caller(account, arn, entity=None):
    return {"account": account, "arn": arn, "entity": entity, "root": f"arn:aws:iam::{account}:root"}


def role_session(account, session="s-1"):
    return caller(account, f"arn:aws:sts::{account}:assumed-role/app/{session}", f"arn:aws:iam::{account}:role/app")


CALLERS = {
    "root": caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"),
    "user": caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/alice"),
    "user at a path": caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/team/blue/alice"),
    "session": role_session(ACCOUNT),
    "federated": caller(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:federated-user/bob"),
    "foreign root": caller(FOREIGN, f"arn:aws:iam::{FOREIGN}:root"),
    "foreign user": caller(FOREIGN, f"arn:aws:iam::{FOREIGN}:user/alice"),
    "foreign session": role_session(FOREIGN),
}

ACTIONS = {
    "cryptographic": "Encrypt Decrypt GenerateDataKey GenerateDataKeyPairWithoutPlaintext ReEncryptFrom ReEncryptTo Sign VerifyMac",
    "management across accounts": "DescribeKey GetPublicKey GetKeyRotationStatus CreateGrant ListGrants RevokeGrant",
    "management at home": "PutKeyPolicy GetKeyPolicy ScheduleKeyDeletion EnableKeyRotation TagResource ListResourceTags ReplicateKey",
    "on an alias": "CreateAlias DeleteAlias UpdateAlias",
    "without a resource": "CreateKey ListKeys ListAliases GenerateRandom CreateCustomKeyStore",
}
ON_KEYS = list(ACTIONS)[:3]

# Dimension: its choices with their weights in the sample, the harmless ones first and heavier.
ALLOWS = {"star": 4, "direct": 4, "account": 7, "entity": 5, "none": 2, "entity+account": 3, "direct+account": 3}
SHAPES = {
    "plain": 12, "holds": 3, "own ARN": 2, "wildcards": 2, "single": 1, "listed": 3, "other principals": 2,
    "fails": 1, "other ARN": 1, "no Resource": 1, "no Action": 1, "other action": 1,
}
DENIES = {
    "no": 40, "direct": 1, "entity": 1, "account": 1, "star": 1, "others": 3, "not chain": 3, "not chain+": 2,
    "not partly": 1, "not others": 1, "not star": 1,
}
DENY_SHAPES = {"plain": 6, "holds": 2, "fails": 3, "other action": 2, "other ARN": 2, "no Resource": 1, "no Action": 1, "wildcards": 1}
IDENTITY = {"allow": 14, "none": 3, "deny": 1}
LIMIT = {"absent": 8, "allow": 9, "none": 2, "deny": 1}
SCPS = {"absent": 6, "all": 10, "missing": 1, "deny": 1, "empty": 1}
# RCPFullAWSAccess cannot be detached: a level that leaves it out allows all the same.
RCPS = {"absent": 6, "all": 10, "missing": 1, "deny": 1, "empty": 1}
KINDS = {"cryptographic": 6, "management across accounts": 3, "management at home": 3, "on an alias": 2, "without a resource": 2}
FULL = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
FULL_RCP = document({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})
HOLDING = [
    {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    {"StringEquals": {"kms:EncryptionContext:App": ["ledger", "other"]}},
    {"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "app"}},
    {"ForAllValues:StringLike": {"kms:EncryptionContextKeys": ["a*", "t*"]}},
    {"StringNotEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}},
    {"Null": {"kms:ViaService": "true", "aws:SourceIp": "false"}},
    {"StringEquals": {"aws:PrincipalAccount": [ACCOUNT, FOREIGN]}},
    {"DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}},
]
FAILING = [
    {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}},
    {"StringEquals": {"kms:EncryptionContextKeys": "app"}},
    {"StringNotEquals": {"kms:EncryptionContextKeys": "other"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"StringEquals": {"kms:EncryptionContext:app": "Ledger"}},
    {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/app"}},
    {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/other*"}},
    {"DateGreaterThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}},
]


def pick(rng, weights):
    """One of the choices by weight. By `random()` alone, which is the same in every Python."""
    at = rng.random() * sum(weights.values())
    for choice, weight in weights.items():
        at -= weight
        if at < 0:
            return choice
    return choice


def one(rng, choices):
    return choices[int(rng.random() * len(choices))]


class Cell:
    """Writes the policies of one cell, each in a spelling of its own."""

    def __init__(self, choice, number):
        self.choice = choice
        self.rng = random.Random(SEED + number)
        self.caller = CALLERS[choice["caller"]]
        self.action = "kms:" + one(self.rng, ACTIONS[choice["kind"]].split())
        place = {"on an alias": ALIAS + "app", "without a resource": "*"}
        self.resource = place.get(choice["kind"], KEY)

    def others(self):
        """Principals that look like the caller and are not."""
        mine = self.caller["account"]
        near = [
            f"arn:aws:iam::{mine}:user/Alice", f"arn:aws:iam::{mine}:user/blue/alice", f"arn:aws:iam::{mine}:user/bob",
            f"arn:aws:iam::{mine}:role/alice", f"arn:aws:iam::{mine}:role/App", f"arn:aws:iam::{mine}:role/app/s-1",
            f"arn:aws:sts::{mine}:assumed-role/app/s-2", f"arn:aws:sts::{mine}:assumed-role/app2/s-1",
            f"arn:aws:sts::{mine}:federated-user/alice", "777788889999", "arn:aws:iam::777788889999:user/alice",
        ]
        start = int(self.rng.random() * len(near))
        return (near + near)[start : start + 3]

    def names(self, group):
        """The principals of a class of the caller: `entity+account` is two of them."""
        root = one(self.rng, [self.caller["root"], self.caller["account"]])
        known = {"star": "*", "direct": self.caller["arn"], "entity": self.caller["entity"], "account": root}
        return [known[part] for part in group.split("+")]

    def element(self, names):
        if names == ["*"]:
            return one(self.rng, ["*", {"AWS": "*"}, {"AWS": ["*"]}])
        return {"AWS": names[0] if len(names) == 1 and self.rng.random() < 0.5 else names}

    def actions(self):
        service, name = self.action.split(":")
        return one(self.rng, [self.action, self.action.upper(), "kms:*", ["kms:CancelKeyDeletion", self.action], f"kms:{name[:3]}*"])

    def shaped(self, statement, shape):
        """A key policy's statement that covers the request, or in some shapes does not."""
        found = statement | {"Action": self.actions(), "Resource": "*"}
        if shape in ("holds", "fails"):
            found["Condition"] = one(self.rng, HOLDING if shape == "holds" else FAILING)
        elif shape in ("own ARN", "other ARN"):
            found["Resource"] = KEY if shape == "own ARN" else OTHER_KEY
        elif shape == "wildcards":
            found["Action"], found["NotResource"] = "*", OTHER_KEY
            del found["Resource"]
        elif shape in ("no Resource", "no Action"):
            del found[shape[3:]]
        elif shape == "other action":
            found["Action"] = one(self.rng, ["kms:CancelKeyDeletion", "kms:Cancel*", ["s3:*", "kms:cancelkeydeletion"]])
        return found

    def allow_statement(self):
        group, shape = self.choice["allow"], self.choice["shape"]
        names = self.others() if group == "none" else self.names(group)
        if shape == "listed" and names != ["*"]:
            names = self.others()[:2] + names
        if shape == "other principals":
            names = self.others()
        return self.shaped({"Effect": "Allow", "Principal": self.element(names)}, shape)

    def not_names(self, group):
        """What a NotPrincipal lists."""
        chain = [name for name in (self.caller["arn"], self.caller["entity"], *self.names("account")) if name]
        if self.choice["caller"].endswith("root"):
            chain = chain[-1:]
        if group == "not star":
            return ["*"]
        if group == "not others":
            return self.others()
        if group == "not partly" and len(chain) > 1:
            del chain[int(self.rng.random() * len(chain))]
        elif group == "not partly":
            chain = self.others()
        return chain + self.others() if group == "not chain+" else chain

    def deny_statement(self):
        group, shape = self.choice["deny"], self.choice["deny shape"]
        found = {"Effect": "Deny"}
        if group.startswith("not "):
            found["NotPrincipal"] = self.element(self.not_names(group))
        elif group == "others":
            found["Principal"] = self.element(self.others())
        else:
            found["Principal"] = self.element(self.names(group))
        return self.shaped(found, shape)

    def key_policy(self):
        statements = [self.allow_statement()]
        if self.choice["deny"] != "no":
            statements.append(self.deny_statement())
            if self.rng.random() < 0.5:
                statements.reverse()
        if len(statements) == 1 and self.choice["shape"] == "single":
            return {"Version": "2012-10-17", "Statement": statements[0]}
        return document(*statements)

    def covering(self, effect):
        """A statement of an identity policy, boundary, session policy or SCP that covers the request."""
        places = ["*", self.resource, ["arn:aws:s3:::bucket", self.resource]]
        if self.resource != "*":
            places.append(f"arn:aws:kms:*:{ACCOUNT}:{self.resource.split(':')[5].split('/')[0]}/*")
        found = {"Effect": effect, "Action": self.actions(), "Resource": one(self.rng, places)}
        shape = one(self.rng, ["plain", "plain", "holds", "NotAction", "NotResource"])
        if shape == "holds":
            found["Condition"] = one(self.rng, HOLDING)
        elif shape == "NotAction":
            del found["Action"]
            found["NotAction"] = ["s3:*", "kms:Cancel*"]
        elif shape == "NotResource":
            del found["Resource"]
            found["NotResource"] = [OTHER_KEY, "arn:aws:s3:::*"]
        return found

    def missing(self, effect):
        """The same, but it does not cover the request."""
        found = {"Effect": effect, "Action": self.actions(), "Resource": "*"}
        shape = one(self.rng, ["Action", "fails", "NotAction", "Resource", "NotResource"])
        if shape == "Action":
            found["Action"] = one(self.rng, ["s3:*", "kms:CancelKeyDeletion", ["iam:*", "kms:Cancel*"]])
        elif shape == "fails":
            found["Condition"] = one(self.rng, FAILING)
        elif shape == "NotAction":
            del found["Action"]
            found["NotAction"] = one(self.rng, ["kms:*", self.action, ["s3:*", self.action.lower()]])
        elif shape == "Resource":
            found["Resource"] = one(self.rng, [OTHER_KEY, "arn:aws:kms:eu-west-1:*:key/*", "arn:aws:s3:::*"])
        else:
            del found["Resource"]
            found["NotResource"] = ["arn:aws:s3:::*", one(self.rng, ["*", self.resource])]
        return found

    def written(self, says):
        """One document that allows, allows something else only, or denies."""
        if says == "none":
            return document(self.missing("Allow"))
        if says == "deny":
            return document(self.covering("Allow"), self.covering("Deny"))
        rest = [self.missing("Deny")] if self.rng.random() < 0.4 else []
        return document(self.covering("Allow"), *rest)

    def identity(self, says):
        if says == "none" and self.rng.random() < 0.4:
            return []
        found = [self.written(says)]
        if self.rng.random() < 0.3:
            found.append(self.written("none"))
        return found

    def levels(self, says, full, lacking, deny):
        """The levels of an organization, one of which says something else where `says` wants it."""
        found = [[full] for _ in range(1 + int(self.rng.random() * 3))]
        at = int(self.rng.random() * len(found))
        if says == "empty":
            found[at] = []
        elif says == "missing":
            found[at] = [lacking()]
        elif says == "deny":
            found[at] = [full, deny("covering")]
        elif self.rng.random() < 0.3:
            found[at] = [deny("missing"), full]
        return found

    def scp(self, how):
        return document(getattr(self, how)("Deny"))

    def lacking_scp(self):
        """What is left at a level when FullAWSAccess is detached there."""
        return document(self.missing(one(self.rng, ["Allow", "Deny"])))

    def rcp(self, how):
        found = getattr(self, how)("Deny") | {"Principal": "*"}
        if "NotAction" in found:  # an RCP has no NotAction
            del found["NotAction"]
            found["Action"] = "kms:*" if how == "covering" else "s3:*"
        return document(found)

    def case(self):
        choice = self.choice
        case = {
            "principal": self.caller["arn"], "action": self.action, "resource": self.resource,
            "context": {
                "aws:SourceIp": "203.0.113.5", "aws:CurrentTime": "2026-11-22T12:00:00Z", "aws:RequestedRegion": "us-east-1",
                "kms:CallerAccount": self.caller["account"], "kms:EncryptionContext:app": "ledger", "kms:EncryptionContextKeys": ["app"],
            },
        }
        if self.resource == KEY:
            case["resourcePolicy"] = self.key_policy()
        if not choice["caller"].endswith("root"):
            case["identityPolicies"] = self.identity(choice["identity"])
        for member, limit in (("permissionBoundary", "boundary"), ("sessionPolicy", "session")):
            if choice[limit] != "absent":
                case[member] = self.written(choice[limit])
        if choice["scp"] != "absent":
            case["scps"] = self.levels(choice["scp"], FULL, self.lacking_scp, self.scp)
        if choice["rcp"] != "absent":
            case["rcps"] = self.levels(choice["rcp"], FULL_RCP, lambda: self.rcp("missing"), self.rcp)
        return case


HARMLESS = {
    "allow": "account", "shape": "plain", "deny": "no", "deny shape": "plain", "identity": "allow",
    "boundary": "absent", "session": "absent", "scp": "absent", "rcp": "absent",
}


def possible(who, dimension, choices):
    """The choices that a kind of caller can have."""
    if dimension in ("allow", "deny"):
        lacking = ["entity"] * (not CALLERS[who]["entity"]) + ["direct"] * who.endswith("root")
        return [c for c in choices if not set(c.split("+")) & set(lacking)]
    if dimension == "identity" and who.endswith("root"):
        return ["allow"]
    if dimension == "boundary" and who.endswith("root") or dimension == "session" and not who.endswith(("session", "federated")):
        return ["absent"]
    return list(choices)


def product(who, kind, **dimensions):
    """All choices of the dimensions that are named; the rest is harmless."""
    found = [{"caller": who, "kind": kind} | HARMLESS]
    for dimension, choices in dimensions.items():
        found = [c | {dimension: value} for c in found for value in possible(who, dimension, choices)]
    return found


def whole():
    """What decides together: key policy, identity, boundary and session; Deny statements; SCPs with RCPs."""
    for who in CALLERS:
        for kind in KINDS:
            limits = {"identity": IDENTITY, "boundary": LIMIT, "session": LIMIT}
            if kind in ON_KEYS:
                yield from product(who, kind, allow=ALLOWS, **limits)
                yield from product(who, kind, allow=["star", "account"], deny=DENIES, boundary=["absent", "allow"])
                yield from product(who, kind, allow=ALLOWS, shape=SHAPES)
            else:
                yield from product(who, kind, **limits)
            yield from product(who, kind, scp=SCPS, rcp=RCPS)


def sampled():
    """Draws from the product of all dimensions, without an end."""
    rng = random.Random(SEED)
    weights = {
        "allow": ALLOWS, "shape": SHAPES, "deny": DENIES, "deny shape": DENY_SHAPES, "identity": IDENTITY,
        "boundary": LIMIT, "session": LIMIT, "scp": SCPS, "rcp": RCPS,
    }
    while True:
        who = pick(rng, dict.fromkeys(CALLERS, 1) | {"session": 3, "foreign session": 2})
        drawn = {"caller": who, "kind": pick(rng, KINDS)}
        for dimension, choices in weights.items():
            left = possible(who, dimension, choices)
            drawn[dimension] = pick(rng, {choice: choices[choice] for choice in left})
        yield drawn


def drawn():
    """Choices and their cases, `TOTAL` of them, no case twice."""
    seen = set()
    for number, choice in enumerate(itertools.chain(whole(), sampled())):
        case = Cell(choice, number).case()
        text = json.dumps(case)
        if text not in seen:
            seen.add(text)
            yield choice, case
        if len(seen) == TOTAL:
            return


def decisions():
    """The cells by name."""
    for number, (choice, case) in enumerate(drawn()):
        said = [f"{dimension} {value}" for dimension, value in choice.items() if HARMLESS.get(dimension) != value]
        yield f"{number}: {', '.join(said)}", case
