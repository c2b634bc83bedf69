"""A naive reference of AWS's policy decision, to test another one against. Standard library only, plain and slow.

    python3 reference.py < cases > decisions

A case is one JSON object a line:

    principal           ARN of the caller: root, user, assumed-role session or federated user
    action              "kms:Decrypt"
    resource            ARN, or "*" for an action without a resource
    resourceAccount     12 digits; absent: the ARN's, or the caller's
    context             {key: text or list of texts}
    identityPolicies    documents of the caller, its groups, its role; of the issuing user for a federated user
    resourcePolicy      the key policy
    sessionPolicy       of a role session or federated user
    permissionBoundary  of the user or role
    scps, rcps          a list of documents for each level, the organization's root first; absent: no organization

All but the first three are optional. The answer is {"decision", "reason"}. Grants are no part of it.

Where AWS's documentation is uncertain or contradicts itself, the stricter reading was taken:

- NotPrincipal with Deny. AWS says in one place that the account, the role and the session must all be listed, in another that
  they may have to be, and advises to list the account and the role. Here all must be, and that advice spares no session; and
  whoever has a permissions boundary is always denied, as AWS says elsewhere.
- NotPrincipal with Allow is refused by most of AWS when it is saved. Here it allows nobody.
- A Deny among the RCPs is explicit for actions without a resource too.
- An alias of another account: CreateAlias and its like work in one account only, so it is denied before identities are asked.
- A federated user without a session policy has no permission but what a key policy gives to the federated user directly:
  AWS says so of GetFederationToken.
- A session is its role by the last part of the role's name: the path is not in the session's ARN, so `role/path/R` in a key
  policy does not name the role of `assumed-role/R/S`.
- `arn:aws:kms:REGION:ACCOUNT:*` covers a request without a resource when it covers the caller's account and the Region of the
  request, or every Region when the request does not tell one.
- The issuing user of a federated user is not in a case. Its ARN in a key policy gives nothing here; and as one more of the chain
  that a NotPrincipal would have to list, it is never found there, so that only `*` spares a federated user.

Not by strictness: AWS's page says that a level of RCPs without an Allow denies, and that RCPFullAWSAccess is attached to every level and
cannot be detached. So no level is without it, also where a case leaves it out: RCPs deny, and never fail to allow.

AWS's page on evaluation puts the RCPs before the SCPs and both before the key policy; an explicit Deny is looked for in all of
them first, so that the order shows in reasons only.
"""

import json
import sys

from conditions import block_holds
from text import Context, arn_covers, as_list, covers_everything, expand, glob, own, segments

ALLOWED, IMPLICIT, EXPLICIT = "Allowed", "ImplicitlyDenied", "ExplicitlyDenied"

# What works on a key of another account; every other action does not, whoever allows it.
CROSS_ACCOUNT = {
    f"kms:{name}".lower()
    for name in (
        "Encrypt Decrypt ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext GenerateDataKeyPair "
        "GenerateDataKeyPairWithoutPlaintext Sign Verify GenerateMac VerifyMac DeriveSharedSecret CreateGrant DescribeKey "
        "GetKeyRotationStatus GetPublicKey ListGrants RetireGrant RevokeGrant"
    ).split()
}

TYPES = {"root": "Account", "user": "User", "assumed-role": "AssumedRole", "federated-user": "FederatedUser"}


class Principal:
    """Who calls, read from the ARN."""

    def __init__(self, arn):
        self.arn = arn
        _, self.partition, service, _, self.account, rest = arn.split(":", 5)
        self.kind, _, self.name = rest.partition("/")
        if (service, self.kind) not in (("iam", "root"), ("iam", "user"), ("sts", "assumed-role"), ("sts", "federated-user")):
            raise ValueError(f"not a caller: {arn}")
        self.role = None
        if self.kind == "assumed-role":
            self.role = f"arn:{self.partition}:iam::{self.account}:role/{self.name.split('/')[0]}"

    @property
    def root_arn(self):
        return f"arn:{self.partition}:iam::{self.account}:root"

    def chain(self):
        """All that NotPrincipal must list so that its Deny spares the caller."""
        issuing = "the issuing user, whom nobody knows" if self.kind == "federated-user" else None
        return {arn for arn in (self.root_arn, self.role, issuing, self.arn) if arn}


class Request:
    """A case, with the keys filled in that follow from its principal."""

    def __init__(self, case):
        self.principal = principal = Principal(case["principal"])
        self.action = case["action"]
        self.resource = case["resource"]
        parts = self.resource.split(":", 5)
        of_arn = parts[4] if len(parts) == 6 else principal.account
        self.resource_account = case.get("resourceAccount") or of_arn
        self.context = Context(case.get("context") or {})
        self.context.fill("aws:PrincipalArn", principal.role or principal.arn)
        self.context.fill("aws:PrincipalAccount", principal.account)
        self.context.fill("aws:PrincipalType", TYPES[principal.kind])
        if principal.kind == "user":
            self.context.fill("aws:username", principal.name.split("/")[-1])
        self.identity = case.get("identityPolicies") or []
        self.key_policy = case.get("resourcePolicy")
        self.session = case.get("sessionPolicy")
        self.boundary = case.get("permissionBoundary")
        self.scps = case.get("scps")
        self.rcps = case.get("rcps")


# ---- one statement

def action_matches(pattern, action):
    return pattern == "*" or glob(own(pattern.lower()), action.lower())


def resource_matches(text, version, request):
    pattern = expand(text, version, request.context)
    if pattern is None:
        return False  # a variable without a value names no resource
    if covers_everything(pattern):
        return True
    if request.resource == "*":
        return covers_account(pattern, request)
    return arn_covers(pattern, request.resource)


def covers_account(pattern, request):
    """`arn:aws:kms:REGION:ACCOUNT:*` for a request without a resource."""
    found = segments(pattern)
    if len(found) != 6 or not covers_everything(found[5]):
        return False
    region = request.context.get("aws:RequestedRegion")
    wanted = ["arn", request.principal.partition, "kms", region, request.principal.account]
    return all(
        covers_everything(part) if text is None else glob(part, text) for part, text in zip(found, wanted)
    )


def listed(statement, positive, negative, matches):
    """Whether Action/NotAction or Resource/NotResource covers the request. A statement with neither covers nothing."""
    if positive in statement:
        return any(matches(entry) for entry in as_list(statement[positive]))
    if negative in statement:
        return not any(matches(entry) for entry in as_list(statement[negative]))
    return False


def covers(statement, version, request):
    """Action, resource and condition of a statement; not who."""
    return (
        listed(statement, "Action", "NotAction", lambda entry: action_matches(entry, request.action))
        and listed(statement, "Resource", "NotResource", lambda entry: resource_matches(entry, version, request))
        and block_holds(statement.get("Condition") or {}, version, request.context)
    )


def named(element, principal):
    """The AWS principals of a Principal or NotPrincipal, accounts as root ARNs. Services are not among callers."""
    if element == "*":
        return {"*"}
    entries = as_list(element.get("AWS", []))
    return {f"arn:{principal.partition}:iam::{e}:root" if len(e) == 12 and e.isdigit() else e for e in entries}


def classes(statement, request):
    """How a key policy's statement names the caller: some of DIRECT, ENTITY, ACCOUNT; NOT for a Deny of all others."""
    principal = request.principal
    if "NotPrincipal" in statement:
        if statement["Effect"] == "Allow":
            return set()
        names = named(statement["NotPrincipal"], principal)
        spared = "*" in names or principal.chain() <= names
        return set() if spared and request.boundary is None else {"NOT"}
    names = named(statement.get("Principal", {}), principal)
    found = set()
    if "*" in names or (principal.arn in names and principal.kind != "root"):
        found.add("DIRECT")
    if principal.role in names:
        found.add("ENTITY")
    if principal.root_arn in names:
        found.add("ACCOUNT")
    return found


# ---- one document

def matching(document, effect, request):
    """The statements of a document with this effect that cover the request, whoever they are for."""
    if document is None:
        return []
    version = document.get("Version", "2008-10-17")
    statements = [s for s in as_list(document["Statement"]) if s["Effect"] == effect]
    return [s for s in statements if covers(s, version, request)]


def any_allows(documents, request):
    return any(matching(document, "Allow", request) for document in documents)


def every_level_allows(levels, request):
    """SCPs: each level needs an Allow of its own. Absent: there is no organization."""
    return levels is None or all(any_allows(level, request) for level in levels)


def key_policy_allows(request):
    """The classes by which the key policy allows."""
    return set().union(*(classes(s, request) for s in matching(request.key_policy, "Allow", request)))


# ---- the decision

def explicit_deny(request):
    """The name of a kind of policy that denies, or None."""
    flat = lambda levels: [document for level in levels or [] for document in level]
    layers = [
        ("a resource control policy", flat(request.rcps)),
        ("a service control policy", flat(request.scps)),
        ("an identity-based policy", request.identity),
        ("a permissions boundary", [request.boundary]),
        ("a session policy", [request.session]),
    ]
    if any(classes(s, request) for s in matching(request.key_policy, "Deny", request)):
        return "a resource-based policy"
    for name, documents in layers:
        if any(matching(document, "Deny", request) for document in documents):
            return name
    return None


def caller_side(request, identity=True):
    """What of the caller's own policies does not allow, or None when all do."""
    kind = request.principal.kind
    # The root user has every permission in its account, and nothing of its own to limit it.
    if identity and kind != "root" and not any_allows(request.identity, request):
        return "no identity-based policy allows"
    if request.boundary is not None and not any_allows([request.boundary], request):
        return "no permissions boundary allows"
    if request.session is None:
        return "a federated user without a session policy" if kind == "federated-user" else None
    return None if any_allows([request.session], request) else "no session policy allows"


def answer(missing, allowed):
    return (ALLOWED, allowed) if missing is None else (IMPLICIT, missing)


def same_account(request, found):
    if "DIRECT" in found:
        return ALLOWED, "the key policy names the caller"
    if "ENTITY" in found and caller_side(request, identity=False) is None:
        return ALLOWED, "the key policy names the caller's role"
    if "ACCOUNT" in found:
        if request.principal.kind == "root":
            return ALLOWED, "the key policy names the account, and its root user calls"
        return answer(caller_side(request), "the key policy names the account, and its policies allow")
    if "ENTITY" in found:
        return IMPLICIT, caller_side(request, identity=False)
    return IMPLICIT, "no resource-based policy allows"


def decide(case):
    """(decision, reason) of a case."""
    request = Request(case)
    if layer := explicit_deny(request):
        return EXPLICIT, f"an explicit deny in {layer}"
    if not every_level_allows(request.scps, request):
        return IMPLICIT, "a level without a service control policy that allows"
    own_account = request.principal.account == request.resource_account
    if not own_account and request.action.lower() not in CROSS_ACCOUNT:
        return IMPLICIT, "not an action across accounts"
    if request.resource == "*" or request.resource.split(":", 5)[-1].startswith("alias/"):
        return answer(caller_side(request), "the caller's policies allow")
    found = key_policy_allows(request)
    if own_account:
        return same_account(request, found)
    if not found:
        return IMPLICIT, "no resource-based policy allows"
    return answer(caller_side(request), "both accounts allow")


def main():
    for line in sys.stdin:
        decision, reason = decide(json.loads(line))
        print(json.dumps({"decision": decision, "reason": reason}))


if __name__ == "__main__":
    main()
